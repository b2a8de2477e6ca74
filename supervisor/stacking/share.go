package stacking

import (
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// othersNeed reports whether another stack that has a network, by its name on hosts, needs
// it on a host. That stays in the network then, and leaves it with the other stack: its
// containers cannot be taken off.
func (w *worker) othersNeed(name, host string) (bool, error) {
	for _, other := range w.networks[name].Stacks {
		if other == w.to.Model.Name {
			continue
		}
		v, err := w.view(other)
		if err != nil {
			return false, err
		}
		if len(v.Faults) > 0 { // what it needs is not known
			return true, nil
		}
		for _, r := range v.InUse() {
			for key, n := range r.Model.Networks {
				if network.Name(n.Name) == name && r.Needs(host, key) {
					return true, nil
				}
			}
		}
	}
	return false, nil
}

// view is what the store has of another stack, read once.
func (w *worker) view(stack string) (release.View, error) {
	if v, known := w.others[stack]; known {
		return v, nil
	}
	v, err := release.Load(w.ctx, w.store, stack)
	if err == nil {
		w.others[stack] = v
	}
	return v, err
}
