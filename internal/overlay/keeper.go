package overlay

import (
	"errors"
	"net/netip"
	"slices"
)

// Keeper audits one network again and again. It remembers which containers
// were at the bridge, so that a bridge deleted by hand gets them back: Docker
// itself does not notice.
type Keeper struct {
	kernel  *Kernel
	network Network
	ports   []string // of the bridge, when it was last there
}

// NewKeeper returns a Keeper of network n that remembers these ports, such as
// another one did that was killed while there was no bridge.
func NewKeeper(k *Kernel, n Network, ports []string) *Keeper {
	return &Keeper{kernel: k, network: n, ports: ports}
}

// Ports are the devices that are at the bridge, or should be.
func (k *Keeper) Ports() []string { return slices.Clone(k.ports) }

// Audit makes the kernel hold what is wanted and returns what it did, or, with
// an error, tried to do. The subnet is the host's. A firewall that cannot be
// asked keeps nothing else from being put right.
func (k *Keeper) Audit(subnet netip.Prefix, want State) ([]Op, error) {
	ops, err := k.Check(subnet, want)
	return ops, errors.Join(err, k.kernel.Apply(ops))
}

// Check returns what Audit would do; with an error, what it would all the same.
func (k *Keeper) Check(subnet netip.Prefix, want State) ([]Op, error) {
	have, err := k.kernel.Read(k.network, subnet)
	if isFilter(err) {
		want.Filter = have.Filter
	} else if err != nil {
		return nil, err
	}
	// The device of a container that left, or that Docker took off the
	// network, is gone: one that is there still was lost.
	lost := slices.DeleteFunc(slices.Clone(k.ports), func(port string) bool {
		return slices.Contains(have.Bridge.Ports, port) || !k.kernel.unattached(port)
	})
	want.Bridge.Ports = lost
	k.ports = slices.Sorted(slices.Values(slices.Concat(lost, have.Bridge.Ports)))
	return Plan(have, want), err
}
