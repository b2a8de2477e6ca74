package task

import (
	"fmt"
	"strings"

	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// CheckCircle refuses a container that shares with another service what leads
// back to itself: each would wait for the next one, and none would ever start.
// What is known of services that are not of the call is what is installed.
func (t *Task) CheckCircle(w plan.Wanted) error {
	found := plan.Circle(t.Params.Name, func(name string) []string {
		c, ok := t.Containers[name]
		if name == t.Params.Name {
			c, ok = w.Service.Container, true
		}
		if !ok {
			old, _ := supervisor.ReadPublic(t.service.Unit.Folders.Dir(supervisor.Prefix + name)) // what cannot be read starts nothing
			c = old.Container
		}
		var names []string
		for _, share := range c.Shares() {
			names = append(names, share.With)
		}
		return names
	})
	if found == nil {
		return nil
	}
	return fmt.Errorf("the containers of %s would share namespaces or volumes in a circle, so that none could start before the others: have one of them share nothing", strings.Join(found, ", "))
}
