package release

import (
	"fmt"

	"rundock/internal/stack"
)

// conflict is a slot that leaves its host, and another one that comes there and cannot
// start before that is stopped. Both are indices of changes.
type conflict struct {
	leaves, comes int
	why           string
}

// conflicts finds them all.
func (d *differ) conflicts(changes []Change) (all []conflict) {
	leaving := map[string][]int{} // by host
	for i, c := range changes {
		if (c.Kind == Stopped || c.Kind == Moved) && !d.from.Model.Services[c.Service].Job { // a job has ended
			leaving[c.From] = append(leaving[c.From], i)
		}
	}
	for i, c := range changes {
		switch c.Kind {
		case New, Replaced, Moved, Runs:
			for _, leaves := range leaving[c.To] {
				if why := d.excludes(changes[leaves], c); why != "" {
					all = append(all, conflict{leaves, i, why})
				}
			}
		}
	}
	return all
}

// excludes says why one slot's old container and another one's new one cannot run at the
// same time on a host; "": they can.
func (d *differ) excludes(leaves, comes Change) string {
	was, is := d.from.Model.Services[leaves.Service], d.to.Model.Services[comes.Service]
	for _, p := range published(was, d.from.Slots[leaves.Slot]) {
		for _, q := range published(is, d.to.Slots[comes.Slot]) {
			if p.Collides(q) {
				return fmt.Sprintf("port %d is for %s", p.First, comes.Slot)
			}
		}
	}
	for key, a := range was.Networks {
		for other, b := range is.Networks {
			if a.IPv4 != "" && a.IPv4 == b.IPv4 && d.from.Model.Networks[key].Name == d.to.Model.Networks[other].Name {
				return fmt.Sprintf("address %s is for %s", a.IPv4, comes.Slot)
			}
		}
	}
	if _, stays := d.to.Model.Services[leaves.Service]; stays || was.Replicas != 1 || is.Replicas != 1 {
		return ""
	}
	for _, key := range was.Volumes {
		for _, other := range is.Volumes {
			if name := d.from.Model.Volumes[key].Name; name == d.to.Model.Volumes[other].Name {
				return fmt.Sprintf("volume %s is for %s, the one instance that has it", name, comes.Slot)
			}
		}
	}
	return ""
}

// published are the ports that a slot takes, of a range the one that it has.
func published(def stack.Service, s Slot) (all []stack.Port) {
	taken := s.Ports
	for _, p := range def.Ports {
		if p.Ranged() && len(taken) > 0 {
			p.First, p.Last, taken = taken[0], 0, taken[1:]
		}
		all = append(all, p)
	}
	return all
}
