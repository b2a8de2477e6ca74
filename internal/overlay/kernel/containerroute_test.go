package kernel_test

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

func TestInside(t *testing.T) {
	apps := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 42}
	subnet, at := netip.MustParsePrefix("10.42.3.0/24"), netip.MustParseAddr("10.42.3.2")
	c := netnstest.New(t, "container")
	path := c.Path()
	// As Docker attaches a container to two networks: the default route is the first's.
	c.Sh(`ip link add eth0 type veth peer name host0; ip link add eth1 type veth peer name host1
		ip link set host0 up; ip link set host1 up
		ip addr add 10.43.3.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.43.3.1`)
	inside := func(there, changed bool) {
		t.Helper()
		if is, does, err := kernel.EnsureContainerRoute(path, apps, subnet, at); err != nil || is != there || does != changed {
			t.Fatalf("Inside = %v, %v, %v, want %v, %v", is, does, err, there, changed)
		}
	}
	inside(false, false)
	c.Sh("ip addr add 10.42.3.2/24 dev eth1")
	inside(false, false)
	c.Sh("ip link set eth1 up")
	for _, tamper := range []string{
		"true",
		"ip route del 10.42.0.0/16",
		"ip route replace 10.42.0.0/16 via 10.43.3.1 dev eth0 proto 82",
		"ip route replace 10.42.0.0/16 via 10.42.3.9 dev eth1 proto 82",
		"ip link set eth1 down; ip link set eth1 up",
	} {
		c.Sh(tamper)
		inside(true, true)
		inside(true, false)
		if got := c.Sh("ip -o route show proto 82"); strings.TrimSpace(got) != "10.42.0.0/16 via 10.42.3.1 dev eth1" {
			t.Errorf("routes are %s", got)
		}
	}
	if got := c.Sh("ip route get 10.42.9.9") + c.Sh("ip route get 10.9.9.9"); !strings.Contains(got, "10.42.9.9 via 10.42.3.1 dev eth1") || !strings.Contains(got, "10.9.9.9 via 10.43.3.1 dev eth0") {
		t.Errorf("the container answers by %s", got)
	}
	if there, changed, err := kernel.EnsureContainerRoute(filepath.Join(t.TempDir(), "gone"), apps, subnet, at); err != nil || !there || changed {
		t.Errorf("Inside of a container that has gone = %v, %v, %v", there, changed, err)
	}
}

// TestWayOut_is_by_no_internal_network has a container in two networks, as Docker attaches
// it: the default route is the internal one's, whichever agent comes first.
func TestWayOut_is_by_no_internal_network(t *testing.T) {
	apps := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 42}
	back := overlay.Network{Name: "back", CIDR: netip.MustParsePrefix("10.43.0.0/16"), SubnetLength: 24, VNI: 43, Internal: true}
	for _, first := range []overlay.Network{apps, back} {
		t.Run("agent of "+first.Name+" first", func(t *testing.T) {
			c := netnstest.New(t, "container-"+first.Name)
			c.Sh(`ip link add eth0 type veth peer name host0; ip link add eth1 type veth peer name host1
				ip link set host0 up; ip link set host1 up
				ip addr add 10.43.3.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.43.3.1
				ip addr add 10.42.3.2/24 dev eth1; ip link set eth1 up`)
			ensure := func(n overlay.Network) {
				t.Helper()
				part := n.Subnet(3)
				if there, _, err := kernel.EnsureContainerRoute(c.Path(), n, part, part.Addr().Next().Next()); err != nil || !there {
					t.Fatalf("EnsureContainerRoute of %s = %v, %v", n.Name, there, err)
				}
			}
			by := func(want string) {
				t.Helper()
				got := c.Sh("ip route get 192.0.2.1; ip route get 8.8.8.8; ip route get 10.43.9.9; ip route show default")
				var found []string
				for _, line := range strings.Split(strings.TrimSpace(got), "\n") {
					if _, dev, ok := strings.Cut(line, " dev "); ok {
						found = append(found, strings.Fields(dev)[0])
					}
				}
				if strings.Join(found, " ") != want {
					t.Errorf("it goes by %v, want %s:\n%s", found, want, got)
				}
			}
			ensure(first)
			by("eth0 eth0 eth0 eth0")
			for _, n := range []overlay.Network{apps, back, apps} {
				ensure(n)
			}
			by("eth1 eth1 eth0 eth0")
			c.Sh("ip link del eth1")
			by("eth0 eth0 eth0 eth0")
			ensure(back)
			by("eth0 eth0 eth0 eth0")
		})
	}
}
