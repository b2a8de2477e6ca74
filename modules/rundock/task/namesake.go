package task

import (
	"fmt"

	"rundock/internal/control"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// CheckNamesake refuses an announced service of the name that a stack has on this
// host, and a slot of a stack of a service's: both would answer that name in DNS.
// Those of other hosts rundockd explain tells of.
func (t *Task) CheckNamesake(w plan.Wanted) error {
	if !t.Params.Installs() {
		return nil
	}
	s, folders := w.Service, t.service.Unit.Folders
	if s.Stack != "" {
		for _, name := range []string{s.Stack, s.Stack + "-blue", s.Stack + "-green"} {
			other, err := supervisor.ReadPublic(folders.Dir(supervisor.Prefix + name))
			if err == nil && other.Stack == "" && other.Announced() && control.ServiceOf(name, other.Announce.Colour) == s.Stack {
				return fmt.Errorf("stack %s has the name of a service that is announced on this host: give one of them another name", s.Stack)
			}
		}
		return nil
	}
	if !s.Announced() {
		return nil
	}
	own := control.ServiceOf(s.Name, s.Announce.Colour)
	for _, name := range look.Installed(folders, own+"-") {
		if other, err := supervisor.ReadPublic(folders.Dir(supervisor.Prefix + name)); err == nil && other.Stack == own {
			return fmt.Errorf("service %s has the name of a stack that is on this host, as %s: give one of them another name", own, name)
		}
	}
	return nil
}
