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

// Ports are the devices that are at the bridge, or should be.
func (k *Keeper) Ports() []string { return slices.Clone(k.ports) }

// Audit makes the kernel hold what is wanted and returns what it did, or, with
// an error, tried to do. The subnet is the host's. A firewall that cannot be
// asked keeps nothing else from being put right.
func (k *Keeper) Audit(subnet netip.Prefix, want overlay.State) ([]overlay.Op, error) {
	seen, err := k.Look(subnet)
	if err != nil {
		return nil, err
	}
	ops := k.Left(seen, want, nil)
	return ops, k.Apply(seen, ops)
}

// Check returns what Audit would do, and what it would leave to others; with an
// error, what it would all the same.
func (k *Keeper) Check(subnet netip.Prefix, want overlay.State) ([]overlay.Op, []overlay.Fault, error) {
	seen, err := k.Look(subnet)
	if err != nil {
		return nil, nil, err
	}
	return k.Left(seen, want, nil), seen.Faults(), seen.unread
}

// Seen is what the kernel held when a Keeper looked.
type Seen struct {
	state  overlay.State // but for peers, which are in the Keeper's listing
	unread error         // why the firewall could not be asked
}

// Faults are what nobody of us puts right.
func (s Seen) Faults() []overlay.Fault { return s.state.Faults }

// Look and Left are the two halves of Check. To look takes long and needs
// nothing of what is wanted, which may change meanwhile.
func (k *Keeper) Look(subnet netip.Prefix) (seen Seen, err error) {
	seen.state, err = k.kernel.list(k.network, subnet, &k.listed)
	if isFilterError(err) {
		seen.unread, err = err, nil
	}
	return seen, err
}

// Left returns what the kernel lacks of what is wanted, as it was seen last.
// What it was told meanwhile, and may have been seen without, is left out.
func (k *Keeper) Left(seen Seen, want overlay.State, told []overlay.Op) []overlay.Op {
	have := seen.state
	if seen.unread != nil {
		want.Filter = have.Filter
	}
	k.listed.put(&have, want)
	// The device of a container that left, or that Docker took off the
	// network, is gone: one that is there still was lost, or put elsewhere.
	lost := slices.DeleteFunc(slices.Clone(k.ports), func(port string) bool {
		return slices.Contains(have.Bridge.Ports, port) || !k.kernel.exists(port)
	})
	want.Bridge.Ports = lost
	k.ports = slices.Sorted(slices.Values(slices.Concat(lost, have.Bridge.Ports)))
	return overlay.SkipSuperseded(overlay.Plan(have, want), told)
}

// Apply does what was left. A firewall that could not be asked is an error.
func (k *Keeper) Apply(seen Seen, ops []overlay.Op) error {
	return errors.Join(seen.unread, k.kernel.Apply(ops))
}
