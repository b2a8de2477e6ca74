package overlayctl

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/supervisor/overlayhost"
)

// formerPlace is what this host has of a network that it leaves.
type formerPlace struct {
	settings overlay.Settings
	kernel   overlay.State
	subnet   netip.Prefix // zero: not known
	joined   bool         // it has been in the network: what has its names is its
}

// placeLeft looks at what the agent saved, or else at its status, or else at
// the bridge: a file that is damaged keeps nobody in a network.
func placeLeft(settings overlay.Settings) (formerPlace, error) {
	f := formerPlace{settings: settings}
	n := settings.Network
	_, err := os.Lstat(filepath.Join(overlay.SavedDir, n.Name+".json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f.joined = err == nil
	saved, err := overlayhost.ReadSaved(overlay.SavedDir, n)
	if err != nil {
		fmt.Printf("%v: leaving by what else the host has of it\n", err)
	}
	f.subnet = saved.Subnet
	if says, err := control.ReadOverlay(control.Dir, n.Name); err == nil && !f.subnet.IsValid() {
		f.subnet = partOf(n, says.Subnet)
		f.joined = f.joined || f.subnet.IsValid()
	}
	k, err := kernel.Open()
	if err != nil {
		return f, err
	}
	defer k.Close()
	if f.kernel, err = k.Read(n, f.subnet); err != nil {
		return f, err
	}
	if at := f.kernel.Bridge.Address; f.joined && !f.subnet.IsValid() && at.IsValid() {
		f.subnet = partOf(n, at.Masked().String())
	}
	return f, nil
}

// partOf returns the zero Prefix for what is no host's part of n.
func partOf(n overlay.Network, subnet string) netip.Prefix {
	p, err := netip.ParsePrefix(subnet)
	if err == nil {
		_, err = n.Index(p)
	}
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// emptyKernel takes away what the kernel holds of the network. On a host that
// has not been in it, nothing is taken that is not its own.
func (f formerPlace) emptyKernel() error {
	n := f.settings.Network
	devices := f.kernel.Bridge.Exists || f.kernel.Vxlan.Exists
	if !f.joined && devices {
		p, err := overlayhost.PlaceOf(f.settings)
		if err != nil {
			fmt.Printf("network %s: %s and %s stay where they are there, as it cannot be told whether an agent of this host made them (%v): see whose they are (ip -d link show %[2]s), and remove them by ip link del\n",
				n.Name, n.Bridge(), n.Vxlan(), err)
			return nil
		}
		if overlay.CheckForeignDevices(f.kernel, n, p.Identity()) != nil {
			return nil
		}
	}
	k, err := kernel.Open()
	if err != nil {
		return err
	}
	defer k.Close()
	return k.Apply(overlay.Plan(f.kernel, overlay.WantNothing(n)))
}
