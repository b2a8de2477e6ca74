package overlay

import "fmt"

// CheckForeignDevices returns an error that names a device of the host that has the
// name of one of n's, and was not made by an agent of that machine: its MAC tells.
// It is for a host that has not been in the network: joining would change the
// device, and leaving delete it.
func CheckForeignDevices(have State, n Network, machine string) error {
	for _, dev := range []struct {
		link Link
		mac  MAC
	}{{have.Bridge, BridgeMAC(machine, n.VNI)}, {have.Vxlan, VxlanMAC(machine, n.VNI)}} {
		if dev.link.Exists && dev.link.MAC != dev.mac {
			return fmt.Errorf("device %s is there already, and is not of network %s: choose another vni, or see whose it is (ip -d link show %[1]s) and remove it", dev.link.Name, n.Name)
		}
	}
	return nil
}
