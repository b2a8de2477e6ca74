package release

import (
	"fmt"
	"slices"

	"rundock/internal/stack"
)

// Order is which of a slot's two containers comes first where one takes the place
// of the other.
type Order string

// The orders.
const (
	StartFirst Order = "start-first"
	StopFirst  Order = "stop-first"
)

// Order is which of two containers of a service comes first where one takes the place of the
// other on its host.
func (r Release) Order(service string) Order {
	o, _ := newDiffer(r, r).order(stack.Slot{Service: service, Number: 1}, Replaced)
	return o
}

// order decides it: the new one first, unless the file says otherwise or the two
// cannot run beside each other. Then why says so.
func (d *differ) order(slot stack.Slot, k Kind) (o Order, why string) {
	def := d.to.Model.Services[slot.Service]
	switch why := d.apart(slot, k); {
	case why != "" && def.Update.Order == string(StartFirst):
		return StopFirst, why + ", though update_config says start-first"
	case why != "":
		return StopFirst, why
	case def.Update.Order == string(StopFirst):
		return StopFirst, "as update_config says"
	}
	return StartFirst, ""
}

// apart says why the old and the new container of a slot cannot run at the same
// time; "": they can.
func (d *differ) apart(slot stack.Slot, k Kind) string {
	was, is := d.from.Model.Services[slot.Service], d.to.Model.Services[slot.Service]
	if k == Replaced {
		was = is // as hosts know it, by what the new one is
	}
	switch {
	case is.Replicas == 1 && len(is.Volumes) > 0 && len(was.Volumes) > 0:
		return "the one instance with volume " + d.to.Model.Volumes[is.Volumes[0]].Name
	case is.Reschedule || was.Reschedule:
		return "there is never a second one of what is rescheduled"
	}
	for _, key := range sortedKeys(is.Networks) {
		if ip := is.Networks[key].IPv4; ip != "" && ip == was.Networks[key].IPv4 {
			return fmt.Sprintf("both have the address %s", ip)
		}
		if mac := is.Networks[key].MAC; mac != "" && mac == was.Networks[key].MAC {
			return fmt.Sprintf("both have the address %s", mac)
		}
	}
	if k == Moved {
		return ""
	}
	if is.Container.Network == "host" && was.Container.Network == "host" {
		return "both are on the host's network"
	}
	for _, p := range is.Ports {
		switch {
		case slices.ContainsFunc(was.Ports, p.Collides):
			return fmt.Sprintf("port %d is taken until the old one has stopped", p.First)
		case p.Ranged() && slices.Contains(was.Ports, p): // a slot that stays keeps its port
			return fmt.Sprintf("its port of %d-%d is taken until the old one has stopped", p.First, p.Last)
		}
	}
	if path := is.Container.Writes(); path != "" && (is.Replicas == 1 || is.Global) {
		return "the one instance writes to its volume " + path
	}
	for _, owner := range is.Pod.Services() {
		return fmt.Sprintf("it is in the pod of %s.%d", owner, slot.Number)
	}
	if joins := d.joined[slot.Service]; joins != "" {
		return fmt.Sprintf("%s.%d is in its pod", joins, slot.Number)
	}
	return ""
}
