package overlay

import "slices"

// planFilter leaves Docker's chain and the way to it where they are.
func planFilter(have, want State) []Op {
	var ops []Op
	for _, rule := range want.Filter.Rules {
		if !have.Filter.Open && !slices.Contains(have.Filter.Rules, rule) {
			ops = append(ops, AddRule{rule})
		}
	}
	for _, rule := range have.Filter.Rules {
		ours := mentions(rule, have.Bridge.Name) || mentions(rule, have.Vxlan.Name)
		if ours && !slices.Contains(want.Filter.Rules, rule) {
			ops = append(ops, DeleteRule{rule})
		}
	}
	return ops
}

// Transient reports whether ops only put back what dockerd takes away for a moment
// and puts back itself. 20.10 does so with the way to its chain for users whenever
// it makes any network.
func Transient(ops []Op) bool {
	own := FilterRules(Network{})[:2]
	return len(ops) > 0 && !slices.ContainsFunc(ops, func(op Op) bool {
		o, is := op.(AddRule)
		return !is || !slices.Contains(own, o.Rule)
	})
}
