package runner

import (
	"errors"
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/supervisor/process"
)

func TestEndedUnseen(t *testing.T) {
	ended := container.State{Exists: true, ID: "c", FinishedAt: time.Unix(1000, 0)}
	runs, made := ended, ended
	runs.Running, made.FinishedAt = true, time.Time{}
	for claim, c := range map[string]struct {
		state   container.State
		started string
		want    bool
	}{
		"it was started and has ended": {ended, "c", true},
		"its end was recorded":         {ended, "", false},
		"it is of a predecessor":       {ended, "b", false},
		"it runs":                      {runs, "c", false},
		"it never ran":                 {made, "c", false},
	} {
		if got := endedUnseen(c.state, c.started); got != c.want {
			t.Errorf("%s: %v, want %v", claim, got, c.want)
		}
	}
}

// TestDecide_a_job: it is started until it has ended, and not again.
func TestDecide_a_job(t *testing.T) {
	ended := container.State{Exists: true, ID: "c", FinishedAt: time.Unix(1000, 0), Labels: map[string]string{container.LabelSpec: "new"}}
	for _, c := range []struct {
		claim string
		but   func(*observed, *wanted)
		want  verb
	}{
		{"it has ended well", func(*observed, *wanted) {}, await},
		{"also on a host that is drained since", func(o *observed, _ *wanted) { o.drained = true }, await},
		{"another service is started again", func(_ *observed, w *wanted) { w.job = false }, start},
		{"another spec is another job", func(_ *observed, w *wanted) { w.spec = "newer" }, start},
		{"it was asked for again", func(o *observed, _ *wanted) { o.asked = true }, start},
		{"it was made and never ran", func(o *observed, _ *wanted) { o.container.FinishedAt = time.Time{} }, start},
		{"its container is gone", func(o *observed, _ *wanted) { o.container = container.State{} }, start},
		{"it runs", func(o *observed, _ *wanted) { o.container.Running = true }, adopt},
		{"it failed", func(o *observed, _ *wanted) { o.container.ExitCode, o.attempts = 3, 1 }, await},
		{"it failed, and may twice", func(o *observed, w *wanted) { o.container.ExitCode, o.attempts, w.tries = 3, 1, 2 }, start},
		{"it failed once too often", func(o *observed, w *wanted) { o.container.ExitCode, o.attempts, w.tries = 3, 3, 2 }, await},
		{"it failed before the host was booted", func(o *observed, w *wanted) { o.container.ExitCode, w.tries = 3, 2 }, await},
		{"it is to stop", func(o *observed, _ *wanted) { o.ended = process.ErrStop }, stop},
	} {
		t.Run(c.claim, func(t *testing.T) {
			now, want := observed{container: ended}, wanted{spec: "new", job: true}
			c.but(&now, &want)
			if got := decide(now, want, nil); got.do != c.want {
				t.Errorf("decide = %s, want %s", got.do, c.want)
			}
		})
	}
}

// TestMade_a_failed_pull_is_no_attempt_of_a_job: its next start is put off by it, and it
// still may fail as often as it may.
func TestMade_a_failed_pull_is_no_attempt_of_a_job(t *testing.T) {
	r := &runner{want: wanted{spec: "new", job: true, tries: 1}, status: &status{}}
	for range 5 {
		if r.made(t.Context(), errors.New("pull image job:2: connection refused")) == nil {
			t.Fatal("a failure is forgotten")
		}
	}
	failed := container.State{Exists: true, ID: "c", FinishedAt: time.Unix(1000, 0), ExitCode: 3, Labels: map[string]string{container.LabelSpec: "new"}}
	for _, want := range []verb{start, await} {
		r.countRun(3, time.Unix(999, 0))
		if got := decide(observed{container: failed, attempts: r.status.Attempts}, r.want, nil); got.do != want {
			t.Errorf("after %d runs that failed: %s, want %s", r.status.Attempts, got.do, want)
		}
	}
	if backoff(r.status.Crashes) > time.Second {
		t.Errorf("the pulls that failed before count as %d crashes", r.status.Crashes)
	}
}
