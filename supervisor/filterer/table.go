package filterer

import (
	"fmt"
	"net/netip"
	"slices"

	"rundock/internal/nft"
	"rundock/internal/nft/live"
	"rundock/internal/sitefilter"
)

// change is a table that is to be put.
type change struct {
	table   nft.Table
	hosts   []netip.Addr
	replace bool
}

func (c change) commands() string { return c.table.Commands(c.hosts, c.replace) }

// compare returns what is to be put for the table to be as it is wanted; nil where it
// is so.
func compare(conn *live.Conn, s sitefilter.Settings, around sitefilter.Surroundings) (*change, error) {
	want, hosts := sitefilter.Rules(s, around)
	have, err := conn.Table(want.Family, want.Name)
	if err != nil {
		return nil, err
	}
	due := &change{want, hosts, have.Chains != nil}
	if have.Differs(want) {
		return due, nil
	}
	there, err := conn.Hosts(want)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(there, netip.Addr.Compare)
	if slices.Equal(there, hosts) {
		return nil, nil
	}
	return due, nil
}

// put does it.
func (c change) put(conn *live.Conn) error {
	if err := conn.Put(c.table, c.hosts, c.replace); err != nil {
		return fmt.Errorf("put table %s %s of nftables: %w", c.table.Family, c.table.Name, err)
	}
	return nil
}

// remove takes the table away, and reports whether it was there.
func remove(conn *live.Conn) (there bool, err error) {
	t, _ := sitefilter.Rules(sitefilter.Settings{}, sitefilter.Surroundings{})
	have, err := conn.Table(t.Family, t.Name)
	if err != nil || have.Chains == nil {
		return false, err
	}
	return true, conn.Delete(t)
}
