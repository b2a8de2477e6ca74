package overlay

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
)

// Fault is what keeps packets from their way and is not the network's own to
// put right: it is the host's, and others depend on it.
type Fault struct {
	What string
	Next string // what to do about it
}

// String is for people who read commands beside it.
func (f Fault) String() string { return "# " + f.What + "; next: " + f.Next }

// faults looks at the host as far as the network needs it. underlay is zero
// where it is not known.
func faults(underlay netip.Addr) ([]Fault, error) {
	devices := []string{"all"}
	if u, err := FindUnderlay(underlay.String()); err == nil {
		devices = append(devices, u.Interface)
	}
	for _, dev := range devices {
		on, err := forwards(dev)
		if err != nil {
			return nil, err
		}
		if on {
			continue
		}
		key := "net.ipv4.ip_forward"
		if dev != "all" {
			key = "net.ipv4.conf." + dev + ".forwarding"
		}
		return []Fault{{
			What: key + " is 0: the network's containers get no answers from outside of it, and their published ports are not reached",
			Next: fmt.Sprintf("sysctl -w %s=1, and see what sets it to 0: grep -r forward /etc/sysctl.conf /etc/sysctl.d", key),
		}}, nil
	}
	return nil, nil
}

// forwards reports whether packets that come in by a device may be sent on.
// Of one that is not there they are not.
func forwards(dev string) (bool, error) {
	data, err := os.ReadFile(forwardingFile(dev))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return string(bytes.TrimSpace(data)) == "1", err
}
