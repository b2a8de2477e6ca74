package draining

import (
	"errors"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

// A service is an enabled one of this host.
type service struct {
	name    string
	runner  string // service directory of its runner; "": it has no container
	sidecar string // that of its sidecar; "": it is not announced
}

// servicesOf lists the enabled services of this host.
func servicesOf(folders runit.Folders) (all []service, wrong error) {
	for _, name := range (report.Services{Folders: folders}).Names() {
		full := supervisor.Prefix + name
		enabled, err := folders.Enabled(full)
		if err != nil {
			wrong = errors.Join(wrong, err)
		}
		if !enabled {
			continue
		}
		s, dir := service{name: name}, folders.Dir(full)
		switch nested := filepath.Join(dir, "services"); {
		case report.Exists(nested):
			s.runner, s.sidecar = filepath.Join(nested, "service"), filepath.Join(nested, "announce")
		case report.Exists(filepath.Join(dir, "service.json")):
			s.runner = dir
		default:
			s.sidecar = dir
		}
		all = append(all, s)
	}
	return all, wrong
}

// tell has the processes of a service look whether the host is drained. A runner has its
// sidecar withdraw before it stops the container; one that is not supervised has nothing to
// stop.
func (s service) tell(drained bool) error {
	var err error
	if s.sidecar != "" && (!drained || s.runner == "") {
		letter := "2"
		if drained {
			letter = "1"
		}
		err = runit.Control(s.sidecar, letter)
	}
	if s.runner != "" {
		err = errors.Join(err, runit.Control(s.runner, "2"))
	}
	if errors.Is(err, runit.ErrNotSupervised) {
		return nil
	}
	return err
}

// pending says what is still to come until the service is drained; "" when it is.
func (s service) pending() string {
	if s.runner == "" {
		a, err := control.ReadAnnounce(control.Dir, s.name)
		if err != nil || a.PID == 0 || a.Drained {
			return ""
		}
		return string(a.State)
	}
	r, err := control.ReadRunner(control.Dir, s.name)
	if err != nil || r.PID == 0 || r.Phase == control.Drained || r.Phase == control.Stopped || r.Phase == control.Ended {
		return ""
	}
	if a, err := control.ReadAnnounce(control.Dir, s.name); err == nil && a.State == control.Draining {
		return "withdrawn, its clients are given time to leave"
	}
	return strings.TrimSuffix(string(r.Phase)+": "+r.Error, ": ")
}
