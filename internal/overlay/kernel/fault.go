package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"rundock/internal/overlay"
)

// faults looks at the host as far as the network needs it. underlay is zero
// where it is not known.
func faults(underlay netip.Addr) ([]overlay.Fault, error) {
	devices := []string{"all"}
	if u, err := overlay.FindUnderlay(underlay.String()); err == nil {
		devices = append(devices, u.Interface)
	}
	for _, dev := range devices {
		for _, look := range []func(string) (overlay.Fault, error){notForwarding, notAnsweringARP} {
			f, err := look(dev)
			if err != nil || f != (overlay.Fault{}) {
				return []overlay.Fault{f}, err
			}
		}
	}
	return nil, nil
}

// notForwarding returns the zero Fault where all is right with a device, or all.
func notForwarding(dev string) (overlay.Fault, error) {
	on, err := forwards(dev)
	if err != nil || on {
		return overlay.Fault{}, err
	}
	key := "net.ipv4.ip_forward"
	if dev != "all" {
		key = "net.ipv4.conf." + dev + ".forwarding"
	}
	return overlay.Fault{
		What: key + " is 0: the network's containers get no answers from outside of it, and their published ports are not reached",
		Next: fmt.Sprintf("sysctl -w %s=1, and see what sets it to 0: grep -r forward /etc/sysctl.conf /etc/sysctl.d", key),
	}, nil
}

// notAnsweringARP is like notForwarding. An underlay of IPv6 needs no ARP, but
// an interface that answers none is nobody's intention.
func notAnsweringARP(dev string) (overlay.Fault, error) {
	ignores, err := ignoresARP(dev)
	if err != nil || !ignores {
		return overlay.Fault{}, err
	}
	who := "other hosts lose"
	if dev == "all" {
		who = "its containers and other hosts lose"
	}
	key := "net.ipv4.conf." + dev + ".arp_ignore"
	return overlay.Fault{
		What: fmt.Sprintf("%s is 8: the host answers no ARP request there, and %s their way to it", key, who),
		Next: fmt.Sprintf("sysctl -w %s=0, and see what sets it to 8: grep -r arp_ignore /etc/sysctl.conf /etc/sysctl.d", key),
	}, nil
}

// forwards reports whether packets that come in by a device may be sent on.
// Of one that is not there they are not.
func forwards(dev string) (bool, error) { return hasValue(deviceFile(dev, "forwarding"), "1") }

// ignoresARP reports whether a device, or all of them, answer no ARP request for
// an address of the host. Other values of arp_ignore answer those for the
// device's own addresses.
func ignoresARP(dev string) (bool, error) { return hasValue(deviceFile(dev, "arp_ignore"), "8") }

// deviceFile is a setting of a device for IPv4, or of all.
func deviceFile(dev, setting string) string { return "/proc/sys/net/ipv4/conf/" + dev + "/" + setting }

// hasValue reports whether a file, which need not be there, has this value.
func hasValue(path, value string) (bool, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return string(bytes.TrimSpace(data)) == value, err
}
