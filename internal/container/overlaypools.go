package container

import (
	"context"
	"fmt"
	"net/netip"
)

// defaultPools are those of a daemon whose configuration names none. Source:
// the table of libnetwork's ipamutils, which is the same from Docker 20.10 on.
var defaultPools = []netip.Prefix{
	netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("172.18.0.0/16"), netip.MustParsePrefix("172.19.0.0/16"),
	netip.MustParsePrefix("172.20.0.0/14"), netip.MustParsePrefix("172.24.0.0/14"), netip.MustParsePrefix("172.28.0.0/14"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// OverlayPools returns those of the daemon's address pools that overlap cidr.
// From them it takes the subnets of networks that are made without one, as
// docker compose makes them.
func (c *Client) OverlayPools(ctx context.Context, cidr netip.Prefix) ([]netip.Prefix, error) {
	if _, err := c.version(ctx); err != nil {
		return nil, err
	}
	info, err := c.api().Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask dockerd for its address pools: %w", err)
	}
	pools := defaultPools
	if len(info.DefaultAddressPools) > 0 {
		pools = nil
	}
	for _, configured := range info.DefaultAddressPools {
		if p, err := netip.ParsePrefix(configured.Base); err == nil {
			pools = append(pools, p)
		}
	}
	var within []netip.Prefix
	for _, p := range pools {
		if p.Overlaps(cidr) {
			within = append(within, p)
		}
	}
	return within, nil
}
