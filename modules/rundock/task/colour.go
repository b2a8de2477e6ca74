package task

import (
	"cmp"
	"fmt"
	"strings"

	"rundock/internal/spec"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// CheckColour refuses a service whose directory is that of another: web with the
// colour blue, and web-blue without one; and one that needs a port which the
// service's other colour has: both run at once.
func (t *Task) CheckColour(w plan.Wanted) error {
	if !t.Params.Installs() {
		return nil
	}
	own := w.Service.Announce.Colour
	// What cannot be read is written anew, and has no ports.
	if old, err := supervisor.ReadPublic(t.service.Unit.Dir); err == nil && (old.Announce.Colour != own || old.Stack != w.Service.Stack || old.Slot != w.Service.Slot) {
		return fmt.Errorf("%s is the directory of %s, and not of %s: remove that one first, or give this one another name",
			t.service.Unit.Dir, describeService(old), describeService(w.Service))
	}
	if own == "" {
		return nil
	}
	name := strings.TrimSuffix(t.Params.Name, own) + otherColour(own)
	beside, err := supervisor.ReadPublic(t.service.Unit.Folders.Dir(supervisor.Prefix + name))
	if err != nil {
		return nil
	}
	if port := t.sharedPort(w.Service, beside); port != "" {
		return fmt.Errorf("%s and %s both use port %s of the host, and run at once: give each colour a port of its own", t.Params.Name, name, port)
	}
	return nil
}

// sharedPort is a port of the host that both services use; "" for none.
func (t *Task) sharedPort(a, b supervisor.Service) string {
	at := func(a supervisor.Announcement) string {
		return fmt.Sprintf("%d (%s, %s)", a.Port, cmp.Or(a.As, "private"), cmp.Or(a.Protocol, "tcp"))
	}
	for _, p := range a.Announce.Announces {
		for _, q := range b.Announce.Announces {
			if p.As != "container" && at(p) == at(q) {
				return at(p)
			}
		}
	}
	vars := t.Addresses()
	port, _ := spec.Collision(publishedContainer(b, vars), publishedContainer(a, vars))
	return port
}

func otherColour(colour string) string {
	if colour == "blue" {
		return "green"
	}
	return "blue"
}

// describeService is the service of a directory in words.
func describeService(s supervisor.Service) string {
	colour := s.Announce.Colour
	switch {
	case s.Stack != "":
		return fmt.Sprintf("slot %s of stack %s", s.Slot, s.Stack)
	case colour == "":
		return "a service " + s.Name + " without colour"
	}
	return fmt.Sprintf("a service %s with the colour %s", strings.TrimSuffix(s.Name, "-"+colour), colour)
}
