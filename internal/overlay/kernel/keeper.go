package kernel

import (
	"errors"
	"net/netip"
	"slices"

	"rundock/internal/overlay"
)

// Keeper audits one network again and again. It remembers which containers
// were at the bridge, so that a bridge deleted by hand gets them back: Docker
// itself does not notice.
type Keeper struct {
	kernel  *Kernel
	network overlay.Network
	ports   []string // of the bridge, when it was last there
	listed  listing  // when it last looked
}

// NewKeeper returns a Keeper of network n that remembers these ports, such as
// another one did that was killed while there was no bridge.
func NewKeeper(k *Kernel, n overlay.Network, ports []string) *Keeper {
	return &Keeper{kernel: k, network: n, ports: ports}
}

// Ports are the containers' devices that are at the bridge, or should be.
func (k *Keeper) Ports() []string { return slices.Clone(k.ports) }

// Audit makes the kernel hold what is wanted and returns what it did, or, with an
// error, tried to do. The subnet is the host's. Where iptables cannot be asked, all
// else is repaired.
func (k *Keeper) Audit(subnet netip.Prefix, want overlay.State) ([]overlay.Op, error) {
	seen, err := k.Look(subnet)
	if err != nil {
		return nil, err
	}
	ops := k.Plan(seen, want, nil)
	return ops, k.Apply(seen, ops)
}

// Check returns what Audit would do, and the faults that it would leave to others,
// also along with an error.
func (k *Keeper) Check(subnet netip.Prefix, want overlay.State) ([]overlay.Op, []overlay.Fault, error) {
	seen, err := k.Look(subnet)
	if err != nil {
		return nil, nil, err
	}
	return k.Plan(seen, want, nil), seen.Faults(), seen.filterErr
}

// Observed is what the kernel held when a Keeper looked.
type Observed struct {
	state     overlay.State // but for peers, which are in the Keeper's listing
	filterErr error         // why iptables could not be asked
}

// Faults are those that an audit leaves to others.
func (s Observed) Faults() []overlay.Fault { return s.state.Faults }

// Look and Plan are the two halves of Check. Look takes long, and does not depend on
// what is wanted, which may change meanwhile.
func (k *Keeper) Look(subnet netip.Prefix) (seen Observed, err error) {
	seen.state, err = k.kernel.list(k.network, subnet, &k.listed)
	if isFilterError(err) {
		seen.filterErr, err = err, nil
	}
	return seen, err
}

// Plan returns what turns the kernel, as it was seen, into what is wanted. It leaves
// out what the kernel has been told meanwhile.
func (k *Keeper) Plan(seen Observed, want overlay.State, told []overlay.Op) []overlay.Op {
	have := seen.state
	if seen.filterErr != nil {
		want.Filter = have.Filter
	}
	k.listed.fill(&have, want)
	// The device of a container that left, or that Docker took off the
	// network, is gone: one that is there still was lost, or put elsewhere.
	lost := slices.DeleteFunc(slices.Clone(k.ports), func(port string) bool {
		return slices.Contains(have.Bridge.Ports, port) || !k.kernel.portExists(port)
	})
	want.Bridge.Ports = lost
	k.ports = slices.Sorted(slices.Values(slices.Concat(lost, have.Bridge.Ports)))
	return overlay.SkipSuperseded(overlay.Plan(have, want), told)
}

// Apply does ops. It is an error, too, that iptables could not be asked.
func (k *Keeper) Apply(seen Observed, ops []overlay.Op) error {
	return errors.Join(seen.filterErr, k.kernel.Apply(ops))
}
