// Package look finds out how a template stands on the host: what files, runsvs and the
// renderer's status say. It executes nothing and changes nothing.
package look

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/modules/rundock_template/plan"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// Template finds out how the template stands, whose renderer is unit.
func Template(unit *module.Unit, t supervisor.Template) (s plan.Situation, err error) {
	if s.Daemon, err = unit.LookDaemon(renderdir.LogDir); err != nil {
		return s, err
	}
	definitions, err := filepath.Glob(filepath.Join(supervisor.TemplateDir, "*.json"))
	if err != nil {
		return s, err
	}
	file := plan.DefinitionFile(t.Name)
	for _, path := range definitions {
		if filepath.Base(path) == file {
			s.Defined = true
		} else {
			s.Others++
		}
	}
	// An unreadable status is as good as none: the next renderer writes it anew.
	s.Says, _ = control.ReadTemplate(control.Dir, t.Name)
	s.Stale = s.Speaks() && (s.Says.Definition != control.FileSum(filepath.Join(supervisor.TemplateDir, file)) || otherSource(t.Src, s.Says) ||
		s.Says.File != "" && s.Says.File != control.FileState(s.Says.Dest) || module.ProgramReplaced(s.Says.PID))
	return s, nil
}

// otherSource reports whether src, the file of the template, is another one than the
// renderer has read last.
func otherSource(src string, says control.TemplateStatus) bool {
	return src != "" && says.Source != "" && says.Source != control.FileSum(src)
}

// SignalService returns an error if the service that is to get a signal is
// none of runit's.
func SignalService(folders runit.Folders, signal *supervisor.TemplateSignal) error {
	if signal == nil {
		return nil
	}
	dir := folders.Dir(signal.Service)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("signal.service: there is no service %s: %s is not there", signal.Service, dir)
	}
	return nil
}
