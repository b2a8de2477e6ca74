package container

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOverlayPools_are_those_that_overlap_the_cidr(t *testing.T) {
	for _, tt := range []struct{ name, info, cidr, want string }{
		{"Docker's own, beside the cidr", `{}`, "10.42.0.0/16", ""},
		{"Docker's own, of which one has the cidr in it", `{}`, "172.22.0.0/16", "172.20.0.0/14"},
		{"Docker's own, in the cidr", `{}`, "172.16.0.0/12", "172.17.0.0/16 172.18.0.0/16 172.19.0.0/16 172.20.0.0/14 172.24.0.0/14 172.28.0.0/14"},
		{"the last of Docker's own", `{}`, "192.168.128.0/17", "192.168.0.0/16"},
		{"configured ones take the place of Docker's own", `{"DefaultAddressPools":[{"Base":"10.0.0.0/8","Size":24},{"Base":"fd00::/48","Size":64}]}`, "172.22.0.0/16", ""},
		{"a configured one that is wider", `{"DefaultAddressPools":[{"Base":"10.0.0.0/8","Size":24},{"Base":"172.17.0.0/16","Size":24}]}`, "10.42.0.0/16", "10.0.0.0/8"},
		{"a configured one in the cidr", `{"DefaultAddressPools":[{"Base":"10.42.128.0/20","Size":24}]}`, "10.42.0.0/16", "10.42.128.0/20"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDaemon()
			d.info = tt.info
			pools, err := d.open(t).OverlayPools(t.Context(), netip.MustParsePrefix(tt.cidr))
			var got []string
			for _, p := range pools {
				got = append(got, p.String())
			}
			if strings.Join(got, " ") != tt.want || err != nil {
				t.Errorf("OverlayPools(%s) = %v, %v, want %s", tt.cidr, got, err, tt.want)
			}
		})
	}
}
