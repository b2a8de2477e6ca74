package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/supervisor"
)

// situation is how the template stands on the host, from files alone.
type situation struct {
	module.Standing      // of the renderer's service
	Defined         bool // the definition is there
	Others          int  // definitions of other templates
	Renderer        module.Process
	Logger          module.Process
	Says            control.TemplateStatus
	Stale           bool // the renderer that runs has read another definition or template, the file is not as it left it, or its program was replaced
}

// look finds out how the template stands.
func (t *task) look() (s situation, err error) {
	if s.Standing, err = t.unit.Look(); err != nil {
		return s, err
	}
	definitions, err := filepath.Glob(filepath.Join(supervisor.TemplateDir, "*.json"))
	if err != nil {
		return s, err
	}
	for _, path := range definitions {
		if filepath.Base(path) == t.file() {
			s.Defined = true
		} else {
			s.Others++
		}
	}
	if s.Renderer, err = module.Watch(t.unit.Dir); err != nil {
		return s, err
	}
	if s.Logger, err = module.Watch(t.unit.Dir + "/log"); err != nil {
		return s, err
	}
	// An unreadable status is as good as none: the next renderer writes it anew.
	s.Says, _ = control.ReadTemplate(control.Dir, t.p.Name)
	s.Stale = s.speaks() && (s.Says.Definition != control.FileSum(filepath.Join(supervisor.TemplateDir, t.file())) || t.otherSource(s.Says) ||
		s.Says.File != "" && s.Says.File != control.FileState(s.Says.Dest) || module.ProgramReplaced(s.Says.PID))
	return s, nil
}

// otherSource reports whether the file of the template is another one than the
// renderer has read last.
func (t *task) otherSource(says control.TemplateStatus) bool {
	return t.p.Src != "" && says.Source != "" && says.Source != control.FileSum(t.p.Src)
}

func (t *task) file() string { return t.p.Name + ".json" }

// speaks reports whether the status is of the renderer that runs.
func (s situation) speaks() bool {
	return s.Renderer.Supervised && s.Renderer.Status.PID != 0 && s.Renderer.Status.PID == s.Says.PID
}

// current reports whether the renderer that runs has the file as it should be,
// and its reader reloaded.
func (s situation) current() bool {
	return s.speaks() && !s.Stale && s.Says.State == control.TemplateCurrent && !s.Says.ReloadOwed
}

// tell notes how the template stands for the result.
func (t *task) tell(s situation) {
	t.told = facts{Name: t.p.Name, State: string(s.Says.State), Reason: s.Says.Reason, Dest: t.p.Dest, Services: s.Says.Services, Keys: s.Says.Keys}
	if !s.speaks() {
		t.told.State, t.told.Reason = "down", ""
	}
}

// unknownService returns an error if the service that is to get a signal is
// none of runit's.
func (t *task) unknownService() error {
	if t.p.Signal == nil {
		return nil
	}
	dir := t.unit.Folders.Dir(t.p.Signal.Service)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("signal.service: there is no service %s: %s is not there", t.p.Signal.Service, dir)
	}
	return nil
}
