package renderer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry/open"
	"rundock/internal/render"
	"rundock/supervisor"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// tried is --try: it answers, as a control.TemplateTrial, what the definition
// from in would make. The exit code is 0 if it could answer.
func tried(ctx context.Context, in io.Reader, out io.Writer, offline bool, patience time.Duration) int {
	data, err := io.ReadAll(in)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd render --try:", err)
		return report.ExitUnknown
	}
	trial := control.TemplateTrial{Version: control.Version}
	t, err := supervisor.ParseTemplate("the definition", data)
	if err == nil {
		err = readable(t)
	}
	switch {
	case err != nil:
		trial.Wrong = err.Error()
	case !offline:
		err := tryOnline(ctx, t, patience, &trial)
		if err != nil {
			trial.Refused = err.Error()
		}
	}
	if err := json.NewEncoder(out).Encode(trial); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd render --try:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

// readable returns an error if the template of t cannot be parsed, or its file
// is another template's. A template that is not there yet is not judged.
func readable(t supervisor.Template) error {
	others, _ := supervisor.ReadTemplates(supervisor.TemplateDir) // broken ones have no file
	for _, o := range others {
		if o.Name != t.Name && o.Dest == t.Dest {
			return fmt.Errorf("dest %s is that of template %s as well", t.Dest, o.Name)
		}
	}
	text, name, err := source(t)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = render.Parse(name, text)
	return err
}

// tryOnline fills trial with what t would make of its file. The error says why
// that would stay as it is.
func tryOnline(ctx context.Context, t supervisor.Template, patience time.Duration, trial *control.TemplateTrial) error {
	log := process.NewLogger()
	cfg, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	store, err := open.Store(cfg, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	h := newHost(control.Dir, cfg, log)
	if err := h.load(ctx, store, patience); err != nil {
		return err
	}
	return h.try(ctx, t, trial)
}

func (h *host) try(ctx context.Context, t supervisor.Template, trial *control.TemplateTrial) error {
	f, made, err := h.foreseen(t)
	if err != nil {
		return err
	}
	trial.After = f.data
	if have, err := os.ReadFile(f.path); err == nil {
		trial.Before = &have
		if info, err := os.Lstat(f.path); err == nil {
			trial.Mode = info.Mode().Perm()
		}
	}
	for _, service := range slices.Sorted(maps.Keys(t.Floor)) {
		if _, asked := made.Services[service]; !asked && service != "*" {
			trial.Unasked = service
		}
	}
	present, err := f.present()
	if err != nil {
		return err
	}
	trial.Replace = !present
	if present || t.Check == "" {
		return nil
	}
	return f.judgedAside(ctx, t.Check)
}

// judgedAside runs the check command on a temporary file with what f would have,
// beside it where its folder is there.
func (f file) judgedAside(ctx context.Context, command string) error {
	dir := filepath.Dir(f.path)
	if _, err := os.Stat(dir); err != nil {
		dir = os.TempDir()
	}
	staged, err := os.CreateTemp(dir, "."+filepath.Base(f.path)+".try")
	if err != nil {
		return err
	}
	defer os.Remove(staged.Name())
	err = f.write(staged)
	if e := staged.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return f.checked(ctx, command, staged.Name())
}
