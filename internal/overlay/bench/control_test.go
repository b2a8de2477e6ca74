package bench

import (
	"net/netip"
	"time"

	"rundock/internal/overlay"
)

// many is a network that thousands of hosts fit in.
var many = overlay.Network{Name: "many", CIDR: netip.MustParsePrefix("10.0.0.0/10"), SubnetLength: 24, VNI: 9}

// host is the one that is measured.
var host = overlay.Host{Machine: "m", Subnet: many.Subnet(16000), Underlay: netip.MustParseAddr("127.0.0.1"), MTU: 1500}

// sizes are the numbers of peers that are looked at.
func sizes() []int {
	if *earnest {
		return []int{1000, 10_000}
	}
	return []int{50}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
