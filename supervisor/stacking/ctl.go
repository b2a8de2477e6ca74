package stacking

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"rundock/internal/control"
)

// ctl answers the module's request. What is wrong with what it asks for is in the
// answer; an error is one of the request itself.
func (s *site) ctl(ctx context.Context, in io.Reader, out io.Writer) error {
	var q control.StackRequest
	decode := json.NewDecoder(in)
	decode.DisallowUnknownFields()
	if err := decode.Decode(&q); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if q.Version != control.Version {
		return fmt.Errorf("the request is of version %d, not %d: install the same release on host and controller (playbooks/site.yml)", q.Version, control.Version)
	}
	a, err := s.do(ctx, q)
	if a.Version = control.Version; err != nil {
		a.Error = err.Error()
	}
	return json.NewEncoder(out).Encode(a)
}

// do does a step.
func (s *site) do(ctx context.Context, q control.StackRequest) (control.StackAnswer, error) {
	switch q.Step {
	case control.StackPlan:
		return s.plan(ctx, q)
	case control.StackBegin:
		return s.begin(ctx, q)
	case control.StackWave:
		return s.wave(ctx, q)
	case control.StackCommit:
		return s.commit(ctx, q)
	case control.StackDone:
		return s.done(ctx, q)
	case control.StackFail:
		return s.fail(ctx, q)
	case control.StackUndone:
		return s.undone(ctx, q)
	case control.StackEnd:
		return control.StackAnswer{}, s.end(q)
	case control.StackSecret:
		return s.secrets(ctx, q)
	case control.StackPull:
		return pull(ctx, q.Images)
	case control.StackBuilds:
		return s.build(ctx, q)
	}
	return control.StackAnswer{}, fmt.Errorf("there is no step %q", q.Step)
}
