package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// checkVNIFree returns an error if a VXLAN device of another network namespace has the
// VNI, which cannot be seen: it makes a device for a moment to find out.
func checkVNIFree(n overlay.Network, u overlay.Underlay) error {
	b, err := newBatch(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer b.close()
	name := fmt.Sprintf("vxtry%d", os.Getpid())
	err = b.addVxlan(name, n, u.Address)
	for tries := 0; errors.Is(err, unix.EEXIST) && tries < 10; tries++ {
		time.Sleep(20 * time.Millisecond) // another may be trying the same at this moment
		err = b.addVxlan(name, n, u.Address)
	}
	switch {
	case err == nil:
		return b.deleteLink(name)
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("vni %d is that of a VXLAN device in another network namespace, as of a network of Docker swarm (docker network ls -f driver=overlay): choose another vni, or another port", n.VNI)
	}
	return nil // CheckKernel tells whether a device can be made at all
}

// addVxlan and deleteLink are for programs that link little: the library's way
// to add a device knows all kinds of them.
func (b *batch) addVxlan(name string, n overlay.Network, local netip.Addr) error {
	data := attribute32(nil, vxlanID, n.VNI)
	kind := uint16(vxlanLocal6)
	if local.Is4() {
		kind = vxlanLocal
	}
	data = attribute(attributeAddress(data, kind, local), vxlanPort, binary.BigEndian.AppendUint16(nil, n.UDPPort()))
	info := attribute(attribute(nil, infoKind, []byte("vxlan")), infoData, data)
	return b.onNamed(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, name, attribute(nil, linkInfo, info))
}

func (b *batch) deleteLink(name string) error { return b.onNamed(unix.RTM_DELLINK, 0, name, nil) }

func (b *batch) onNamed(kind, flags uint16, name string, attributes []byte) error {
	b.message = begin(b.message[:0], kind, flags|unix.NLM_F_ACK, ifinfo(0)...)
	b.message = finish(append(attribute(b.message, linkName, append([]byte(name), 0)), attributes...), 0)
	return b.ask(message.errno)
}
