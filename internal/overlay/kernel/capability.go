package kernel

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// CheckKernel returns an error that names what n needs and the running kernel cannot
// do. It tries all of it in a network namespace of its own, which is gone when it
// returns.
func CheckKernel(n overlay.Network, u overlay.Underlay) error {
	want, err := overlay.Want(n, overlay.Host{Machine: "trial", Subnet: n.Subnet(0), Underlay: u.Address, Interface: u.Interface, MTU: u.MTU}, nil)
	if err != nil {
		return err
	}
	want.Filter.Rules = nil // dockerd's chains are not there
	err = inNewNamespace(func() error {
		k, err := Open()
		if err != nil {
			return err
		}
		defer k.Close()
		return k.Apply(overlay.Plan(overlay.WantNothing(n), want))
	})
	if err != nil {
		return fmt.Errorf("this kernel cannot hold the network: %w", err)
	}
	return nil
}

// EncryptionLacks lists what the running kernel lacks to encrypt what goes
// from host to host, in either of two ways. It tries as CheckKernel does.
func EncryptionLacks() []string {
	var lacks []string
	try := func(what string, f func() error) {
		if err := inNewNamespace(f); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (%v)", what, err))
		}
	}
	try("IPsec ESP with rfc4106(gcm(aes))", func() error {
		h, err := netlink.NewHandle(unix.NETLINK_XFRM)
		if err != nil {
			return err
		}
		defer h.Close()
		return h.XfrmStateAdd(&netlink.XfrmState{
			Src: net.IPv4(192, 0, 2, 1), Dst: net.IPv4(192, 0, 2, 2), Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT, Spi: 0x100,
			Aead: &netlink.XfrmStateAlgo{Name: "rfc4106(gcm(aes))", Key: make([]byte, 20), ICVLen: 128},
		})
	})
	try("WireGuard", func() error {
		a := netlink.NewLinkAttrs()
		a.Name = "trial"
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		return h.LinkAdd(&netlink.Wireguard{LinkAttrs: a})
	})
	return lacks
}
