package live

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Bits of connection tracking (linux/netfilter/nf_conntrack_common.h).
const statusDstNAT = 1 << 5

// rejections are the ways of refusing a packet, by how nft says them. Codes: that of
// ICMP's destination unreachable (RFC 792), and NFT_REJECT_ICMPX_ADMIN_PROHIBITED.
var rejections = map[string]expr.Reject{
	"with icmp host-unreachable":  {Type: unix.NFT_REJECT_ICMP_UNREACH, Code: 1},
	"with icmpx admin-prohibited": {Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: 3},
}

// protocols are those above IP, by their names in nft.
var protocols = map[string]byte{
	"icmp": unix.IPPROTO_ICMP, "ipv6-icmp": unix.IPPROTO_ICMPV6, "tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "sctp": unix.IPPROTO_SCTP,
}

// Keys of meta that the library does not have (linux/netfilter/nf_tables.h).
const (
	metaInKind  expr.MetaKey = 26
	metaOutKind expr.MetaKey = 27
)

// rule is one that is read: its words that are left, and what they mean so far.
type rule struct {
	family string
	words  []string
	exprs  []expr.Any
}

// compile reads the part of nft's language that our tables write.
func compile(family, text string) ([]expr.Any, error) {
	r := &rule{family: family, words: strings.Fields(text)}
	for len(r.words) > 0 {
		if err := r.statement(); err != nil {
			return nil, fmt.Errorf("nft rule %q: %w", text, err)
		}
	}
	return r.exprs, nil
}

func (r *rule) next() string {
	if len(r.words) == 0 {
		return ""
	}
	w := r.words[0]
	r.words = r.words[1:]
	return w
}

func (r *rule) add(exprs ...expr.Any) { r.exprs = append(r.exprs, exprs...) }

// comparison reads what is to be compared with, and how.
func (r *rule) comparison() (expr.CmpOp, string) {
	w := r.next()
	if w == "!=" {
		return expr.CmpOpNeq, r.next()
	}
	return expr.CmpOpEq, w
}

func (r *rule) statement() error {
	switch key := r.next(); key {
	case "iifname":
		r.device(expr.MetaKeyIIFNAME)
	case "oifname":
		r.device(expr.MetaKeyOIFNAME)
	case "meta":
		keys := map[string]expr.MetaKey{"iifkind": metaInKind, "oifkind": metaOutKind}
		of := r.next()
		if of == "l4proto" {
			name := r.next()
			number, known := protocols[name]
			if !known {
				return fmt.Errorf("protocol %s", name)
			}
			r.protocol(number)
			return nil
		}
		if keys[of] == 0 {
			return fmt.Errorf("meta %s", of)
		}
		r.device(keys[of])
	case "ip":
		return r.address(unix.NFPROTO_IPV4, map[string]uint32{"saddr": 12, "daddr": 16})
	case "ip6":
		return r.address(unix.NFPROTO_IPV6, map[string]uint32{"saddr": 8, "daddr": 24})
	case "tcp", "udp", "sctp":
		if to := r.next(); to != "dport" {
			return fmt.Errorf("%s %s", key, to)
		}
		r.protocol(protocols[key])
		return r.transport(2, 2)
	case "@th,96,24":
		return r.transport(12, 3)
	case "ct":
		return r.tracked()
	case "accept":
		r.add(&expr.Verdict{Kind: expr.VerdictAccept})
	case "drop":
		r.add(&expr.Verdict{Kind: expr.VerdictDrop})
	case "goto":
		r.add(&expr.Verdict{Kind: expr.VerdictGoto, Chain: r.next()})
	case "reject":
		with, known := rejections[strings.Join(r.words, " ")]
		if !known {
			return fmt.Errorf("reject %s", strings.Join(r.words, " "))
		}
		r.words = nil
		r.add(&with)
	case "masquerade":
		r.add(&expr.Masq{})
	default:
		return fmt.Errorf("%s", key)
	}
	return nil
}

// protocol compares the protocol above IP.
func (r *rule) protocol(number byte) {
	r.add(&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{number}})
}

// device compares the name, or the kind, of a device.
func (r *rule) device(key expr.MetaKey) {
	op, name := r.comparison()
	var padded [16]byte
	copy(padded[:15], strings.Trim(name, `"`))
	r.add(&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: op, Register: 1, Data: padded[:]})
}

// address compares a packet's with one, those of a network, or those of a set.
func (r *rule) address(proto byte, offsets map[string]uint32) error {
	side := r.next()
	offset, ok := offsets[side]
	if !ok {
		return fmt.Errorf("address %s", side)
	}
	if r.family == "inet" {
		r.add(&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{proto}})
	}
	length := uint32(4)
	if proto == unix.NFPROTO_IPV6 {
		length = 16
	}
	r.add(&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: length})
	op, value := r.comparison()
	if set, is := strings.CutPrefix(value, "@"); is {
		r.add(&expr.Lookup{SourceRegister: 1, SetName: set, Invert: op == expr.CmpOpNeq})
		return nil
	}
	if a, err := netip.ParseAddr(value); err == nil && a.BitLen() == int(8*length) {
		r.add(&expr.Cmp{Op: op, Register: 1, Data: a.AsSlice()})
		return nil
	}
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return err
	}
	if p.Addr().BitLen() != int(8*length) {
		return fmt.Errorf("%s is no network of its family", p)
	}
	r.add(&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: length, Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()), Xor: make([]byte, length)},
		&expr.Cmp{Op: op, Register: 1, Data: p.Addr().AsSlice()})
	return nil
}

// transport compares a number in what comes behind the IP header: with one, or with all from one to another.
func (r *rule) transport(offset, length uint32) error {
	op, value := r.comparison()
	var ends [][]byte
	for _, number := range strings.SplitN(value, "-", 2) {
		n, err := strconv.ParseUint(number, 10, int(8*length))
		if err != nil {
			return err
		}
		ends = append(ends, binary.BigEndian.AppendUint32(nil, uint32(n))[4-length:])
	}
	r.add(&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: length})
	if len(ends) == 1 {
		r.add(&expr.Cmp{Op: op, Register: 1, Data: ends[0]})
	} else {
		r.add(&expr.Range{Op: op, Register: 1, FromData: ends[0], ToData: ends[1]})
	}
	return nil
}

// tracked compares what connection tracking knows of a packet.
func (r *rule) tracked() error {
	ct, op, bit := &expr.Ct{Register: 1, Key: expr.CtKeySTATE}, expr.CmpOpNeq, uint32(expr.CtStateBitNEW)
	switch what := r.next() + " " + r.next(); what {
	case "state new":
	case "state established,related":
		bit = expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED
	case "status !":
		ct.Key, op, bit = expr.CtKeySTATUS, expr.CmpOpEq, statusDstNAT
		r.next() // dnat
	default:
		return fmt.Errorf("ct %s", what)
	}
	mask := make([]byte, 4)
	binary.NativeEndian.PutUint32(mask, bit)
	r.add(ct, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
		&expr.Cmp{Op: op, Register: 1, Data: make([]byte, 4)})
	return nil
}
