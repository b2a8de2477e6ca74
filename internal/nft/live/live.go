// Package live reads, replaces and deletes a table of nftables in the kernel of a
// network namespace, and tells when something there changes. It is the only
// importer of nftables' library.
package live

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/google/nftables"
	mdnetlink "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/nft"
)

// Conn is a connection to the kernel. It is for one goroutine at a time.
type Conn struct{ c *nftables.Conn }

// sendBytes is the most that a table takes with all hosts in it.
const sendBytes = 16 << 20

// Open opens the network namespace of the calling thread.
func Open() (*Conn, error) {
	c, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *mdnetlink.Conn) error { return c.SetWriteBuffer(sendBytes) }))
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	return &Conn{c}, nil
}

// Close may be called of one that was not opened. What was made stays.
func (k *Conn) Close() {
	if k != nil {
		k.c.CloseLasting()
	}
}

// textTag marks, in the user data of a rule, the rule's text, by which we know
// it again. nft neither shows nor keeps it: a rule that was replaced by hand
// is not ours any more. (Tag 0 is nft's own, for comments.)
const textTag = 82

var families = map[string]nftables.TableFamily{"ip": nftables.TableFamilyIPv4, "inet": nftables.TableFamilyINet}

// Table reads a table of ours; one without chains is as good as none, but
// must be replaced, so that it has at least an empty list of them.
func (k *Conn) Table(family, name string) (nft.Table, error) {
	t := nft.Table{Family: family, Name: name}
	tables, err := k.c.ListTablesOfFamily(families[family])
	if err != nil {
		return t, fmt.Errorf("list the tables of nftables: %w", err)
	}
	for _, found := range tables {
		if found.Name == name {
			t.Chains = []nft.Chain{}
		}
	}
	if t.Chains == nil {
		return t, nil
	}
	chains, err := k.c.ListChainsOfTableFamily(families[family])
	if err != nil {
		return t, fmt.Errorf("list the chains of nftables: %w", err)
	}
	for _, c := range chains {
		if c.Table.Name != name {
			continue
		}
		read := nft.Chain{Name: c.Name, Type: string(c.Type)}
		if c.Hooknum != nil && c.Priority != nil {
			read.Hook, read.Priority = hookName(*c.Hooknum), int(*c.Priority)
		}
		if c.Policy != nil && *c.Policy != nftables.ChainPolicyAccept {
			read.Hook += " with policy drop"
		}
		rules, err := k.c.GetRules(c.Table, c)
		if err != nil {
			return t, fmt.Errorf("list chain %s %s %s of nftables: %w", family, name, c.Name, err)
		}
		for _, r := range rules {
			read.Rules = append(read.Rules, textOf(r))
		}
		t.Chains = append(t.Chains, read)
	}
	return t, nil
}

func textOf(r *nftables.Rule) string {
	if d := r.UserData; len(d) > 2 && d[0] == textTag && int(d[1]) == len(d)-2 {
		return string(d[2:])
	}
	return fmt.Sprintf("handle %d", r.Handle)
}

var hooks = map[string]*nftables.ChainHook{
	"prerouting": nftables.ChainHookPrerouting, "input": nftables.ChainHookInput, "forward": nftables.ChainHookForward, "postrouting": nftables.ChainHookPostrouting,
}

func hookName(h nftables.ChainHook) string {
	for name, number := range hooks {
		if *number == h {
			return name
		}
	}
	return strconv.Itoa(int(h))
}

// setID is the id of the one set in a transaction: those that the library
// gives are counted for all connections at once.
const setID = 1

// elements is how many of a set fit in a message of the library's.
const elements = 1000

// Put makes a table, in the place of the one there is where replace says so, with
// these hosts in its set.
func (k *Conn) Put(t nft.Table, hosts []netip.Addr, replace bool) error {
	table := &nftables.Table{Family: families[t.Family], Name: t.Name}
	if replace {
		k.c.DelTable(table)
	}
	k.c.AddTable(table)
	if t.Hosts != "" {
		if err := k.addSet(&nftables.Set{Table: table, Name: nft.HostSet, ID: setID, KeyType: setTypes[t.Hosts]}, hosts); err != nil {
			return err
		}
	}
	for _, c := range t.Chains {
		accept := nftables.ChainPolicyAccept
		chain := &nftables.Chain{Table: table, Name: c.Name}
		if c.Hook != "" {
			chain.Type, chain.Hooknum, chain.Policy = nftables.ChainType(c.Type), hooks[c.Hook], &accept
			chain.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(c.Priority))
		}
		k.c.AddChain(chain)
		for _, text := range c.Rules {
			exprs, err := compile(t.Family, text)
			if err != nil {
				return err
			}
			k.c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs, UserData: append([]byte{textTag, byte(len(text))}, text...)})
		}
	}
	return k.c.Flush()
}

var setTypes = map[string]nftables.SetDatatype{"ipv4_addr": nftables.TypeIPAddr, "ipv6_addr": nftables.TypeIP6Addr}

func (k *Conn) addSet(set *nftables.Set, hosts []netip.Addr) error {
	if err := k.c.AddSet(set, nil); err != nil {
		return err
	}
	for some := range slices.Chunk(hosts, elements) {
		var values []nftables.SetElement
		for _, at := range some {
			values = append(values, nftables.SetElement{Key: at.AsSlice()})
		}
		if err := k.c.SetAddElements(set, values); err != nil {
			return err
		}
	}
	return nil
}

// Delete deletes a table; it is none that there is none.
func (k *Conn) Delete(t nft.Table) error {
	k.c.DelTable(&nftables.Table{Family: families[t.Family], Name: t.Name})
	if err := k.c.Flush(); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// Hosts returns the addresses of a table's set, in no order; none where there is no
// table, or it has no set.
func (k *Conn) Hosts(t nft.Table) (hosts []netip.Addr, err error) {
	set, err := k.c.GetSetByName(&nftables.Table{Family: families[t.Family], Name: t.Name}, nft.HostSet)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	var elements []nftables.SetElement
	if err == nil {
		elements, err = k.c.GetSetElements(set)
	}
	if err != nil {
		return nil, fmt.Errorf("list the hosts of table %s %s of nftables: %w", t.Family, t.Name, err)
	}
	for _, e := range elements {
		if a, ok := netip.AddrFromSlice(e.Key); ok {
			hosts = append(hosts, a)
		}
	}
	return hosts, nil
}
