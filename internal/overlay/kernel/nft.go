package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/google/nftables"

	"rundock/internal/overlay"
)

// textTag marks, in the user data of a rule, the rule's text, by which we know
// it again. nft neither shows nor keeps it: a rule that was replaced by hand
// is not ours any more. (Tag 0 is nft's own, for comments.)
const textTag = 82

var families = map[string]nftables.TableFamily{"ip": nftables.TableFamilyIPv4, "inet": nftables.TableFamilyINet}

// table reads a table of ours; one without chains is as good as none, but
// must be replaced, so that it has at least an empty list of them.
func (k *Kernel) table(family, name string) (overlay.Table, error) {
	t := overlay.Table{Family: family, Name: name}
	tables, err := k.nft.ListTablesOfFamily(families[family])
	if err != nil {
		return t, fmt.Errorf("list the tables of nftables: %w", err)
	}
	for _, found := range tables {
		if found.Name == name {
			t.Chains = []overlay.Chain{}
		}
	}
	if t.Chains == nil {
		return t, nil
	}
	chains, err := k.nft.ListChainsOfTableFamily(families[family])
	if err != nil {
		return t, fmt.Errorf("list the chains of nftables: %w", err)
	}
	for _, c := range chains {
		if c.Table.Name != name {
			continue
		}
		read := overlay.Chain{Name: c.Name, Type: string(c.Type)}
		if c.Hooknum != nil && c.Priority != nil {
			read.Hook, read.Priority = hookName(*c.Hooknum), int(*c.Priority)
		}
		if c.Policy != nil && *c.Policy != nftables.ChainPolicyAccept {
			read.Hook += " with policy drop"
		}
		rules, err := k.nft.GetRules(c.Table, c)
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
	"input": nftables.ChainHookInput, "forward": nftables.ChainHookForward, "postrouting": nftables.ChainHookPostrouting,
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

func (k *Kernel) putTable(o overlay.PutTable) error {
	t := o.Table
	table := &nftables.Table{Family: families[t.Family], Name: t.Name}
	if o.Replace {
		k.nft.DelTable(table)
	}
	k.nft.AddTable(table)
	if t.Hosts != "" {
		if err := k.addSet(&nftables.Set{Table: table, Name: overlay.HostSet, ID: setID, KeyType: setTypes[t.Hosts]}, o.Hosts); err != nil {
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
		k.nft.AddChain(chain)
		for _, text := range c.Rules {
			exprs, err := compile(t.Family, text)
			if err != nil {
				return err
			}
			k.nft.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs, UserData: append([]byte{textTag, byte(len(text))}, text...)})
		}
	}
	return k.nft.Flush()
}

var setTypes = map[string]nftables.SetDatatype{"ipv4_addr": nftables.TypeIPAddr, "ipv6_addr": nftables.TypeIP6Addr}

func (k *Kernel) addSet(set *nftables.Set, hosts []netip.Addr) error {
	if err := k.nft.AddSet(set, nil); err != nil {
		return err
	}
	for some := range slices.Chunk(hosts, elements) {
		var values []nftables.SetElement
		for _, at := range some {
			values = append(values, nftables.SetElement{Key: at.AsSlice()})
		}
		if err := k.nft.SetAddElements(set, values); err != nil {
			return err
		}
	}
	return nil
}
