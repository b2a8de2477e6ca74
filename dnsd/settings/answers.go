package settings

import (
	"fmt"
	"net/netip"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/table"
)

// Answers answers from tab by the settings. nameServers are the addresses of
// ns.dns.<zone> where no records say.
func (s Settings) Answers(tab *table.Table, nameServers func() []netip.Addr) (*answer.Server, error) {
	a := &answer.Server{
		Table: tab, Zones: s.Zones, TTL: s.TTL, NegativeTTL: s.NegativeTTL, MaxUDP: s.MaxUDP,
		Forwards: len(s.Upstreams) > 0, NameServers: nameServers, ScaledWeights: s.Scaled,
	}
	for _, stub := range s.Stubs {
		zone, err := answer.NewZone(stub.Zone)
		if err != nil {
			return nil, fmt.Errorf("--stub: %w", err)
		}
		a.Stubs = append(a.Stubs, zone)
	}
	return a, nil
}

// ZoneNames are the names of the zones, in their order.
func (s Settings) ZoneNames() (names []string) {
	for _, z := range s.Zones {
		names = append(names, z.Name)
	}
	return names
}

// InZones says whether a name is in one of the zones.
func (s Settings) InZones(name string) bool {
	for _, z := range s.Zones {
		if name == z.Name || strings.HasSuffix(name, "."+z.Name) {
			return true
		}
	}
	return false
}
