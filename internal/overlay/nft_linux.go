package overlay

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// textTag marks, in the user data of a rule, the rule's text, by which we know
// it again. nft neither shows nor keeps it: a rule that was replaced by hand
// is not ours any more. (Tag 0 is nft's own, for comments.)
const textTag = 82

// table reads a table of ours; one without chains is as good as none, but
// must be replaced, so that it has at least an empty list of them.
func (k *Kernel) table(name string) (Table, error) {
	t := Table{Name: name}
	tables, err := k.nft.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return t, fmt.Errorf("list the tables of nftables: %w", err)
	}
	for _, found := range tables {
		if found.Name == name {
			t.Chains = []Chain{}
		}
	}
	if t.Chains == nil {
		return t, nil
	}
	chains, err := k.nft.ListChainsOfTableFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return t, fmt.Errorf("list the chains of nftables: %w", err)
	}
	for _, c := range chains {
		if c.Table.Name != name {
			continue
		}
		read := Chain{Name: c.Name, Type: string(c.Type), Hook: "none"}
		if c.Hooknum != nil && c.Priority != nil {
			read.Hook, read.Priority = hookName(*c.Hooknum), int(*c.Priority)
		}
		if c.Policy != nil && *c.Policy != nftables.ChainPolicyAccept {
			read.Hook += " with policy drop"
		}
		rules, err := k.nft.GetRules(c.Table, c)
		if err != nil {
			return t, fmt.Errorf("list chain ip %s %s of nftables: %w", name, c.Name, err)
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

func (k *Kernel) putTable(t Table, replace bool) error {
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: t.Name}
	if replace {
		k.nft.DelTable(table)
	}
	k.nft.AddTable(table)
	for _, c := range t.Chains {
		accept := nftables.ChainPolicyAccept
		chain := k.nft.AddChain(&nftables.Chain{
			Table: table, Name: c.Name, Type: nftables.ChainType(c.Type), Hooknum: hooks[c.Hook],
			Priority: nftables.ChainPriorityRef(nftables.ChainPriority(c.Priority)), Policy: &accept,
		})
		for _, text := range c.Rules {
			exprs, err := compile(text)
			if err != nil {
				return err
			}
			k.nft.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs, UserData: append([]byte{textTag, byte(len(text))}, text...)})
		}
	}
	return k.nft.Flush()
}

// Bits of connection tracking (linux/netfilter/nf_conntrack_common.h).
const statusDstNAT = 1 << 5

// hostUnreachable is a code of ICMP's destination unreachable (RFC 792).
const hostUnreachable = 1

// compile reads the part of nft's language that table writes.
func compile(text string) ([]expr.Any, error) {
	var exprs []expr.Any
	words := strings.Fields(text)
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	comparison := func() (expr.CmpOp, string) {
		w := next()
		if w == "!=" {
			return expr.CmpOpNeq, next()
		}
		return expr.CmpOpEq, w
	}
	for len(words) > 0 {
		switch key := next(); key {
		case "iifname", "oifname":
			meta := &expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1}
			if key == "oifname" {
				meta.Key = expr.MetaKeyOIFNAME
			}
			op, name := comparison()
			var padded [16]byte
			copy(padded[:15], strings.Trim(name, `"`))
			exprs = append(exprs, meta, &expr.Cmp{Op: op, Register: 1, Data: padded[:]})
		case "ip":
			offset := uint32(12)
			switch side := next(); side {
			case "saddr":
			case "daddr":
				offset = 16
			default:
				return nil, fmt.Errorf("nft rule %q: ip %s", text, side)
			}
			op, value := comparison()
			p, err := netip.ParsePrefix(value)
			if err != nil {
				return nil, fmt.Errorf("nft rule %q: %w", text, err)
			}
			mask := make([]byte, 4)
			binary.BigEndian.PutUint32(mask, ^uint32(0)<<(32-p.Bits()))
			exprs = append(exprs,
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
				&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
				&expr.Cmp{Op: op, Register: 1, Data: p.Addr().AsSlice()})
		case "ct":
			ct, op, bit := &expr.Ct{Register: 1, Key: expr.CtKeySTATE}, expr.CmpOpNeq, uint32(expr.CtStateBitNEW)
			switch what := next() + " " + next(); what {
			case "state new":
			case "status !":
				ct.Key, op, bit = expr.CtKeySTATUS, expr.CmpOpEq, statusDstNAT
				next() // dnat
			default:
				return nil, fmt.Errorf("nft rule %q: ct %s", text, what)
			}
			mask := make([]byte, 4)
			binary.NativeEndian.PutUint32(mask, bit)
			exprs = append(exprs, ct,
				&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
				&expr.Cmp{Op: op, Register: 1, Data: make([]byte, 4)})
		case "drop":
			exprs = append(exprs, &expr.Verdict{Kind: expr.VerdictDrop})
		case "reject":
			if what := strings.Join(words, " "); what != "with icmp host-unreachable" {
				return nil, fmt.Errorf("nft rule %q: reject %s", text, what)
			}
			words = nil
			exprs = append(exprs, &expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: hostUnreachable})
		case "masquerade":
			exprs = append(exprs, &expr.Masq{})
		default:
			return nil, fmt.Errorf("nft rule %q: %s", text, key)
		}
	}
	return exprs, nil
}
