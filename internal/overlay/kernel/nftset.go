package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// The hosts that are let in are read and changed here and not by the library,
// for the same reason as peers' entries are.

const nftBytes = 4 // struct nfgenmsg: family, version, resource

func nftKind(message uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | message }

// hosts gives those that are let in by a table of family inet; none if it, or
// its set, is not there.
func (b *batch) hosts(table string, each func(netip.Addr)) error {
	err := b.list(nftKind(unix.NFT_MSG_GETSETELEM), []byte{unix.NFPROTO_INET, 0, 0, 0}, setName(nil, table), nftBytes, func(_ []byte, a *attributes) {
		eachHost(a, each)
	})
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// setName appends what says which set is meant.
func setName(b []byte, table string) []byte {
	b = attribute(b, unix.NFTA_SET_ELEM_LIST_TABLE, append([]byte(table), 0))
	return attribute(b, unix.NFTA_SET_ELEM_LIST_SET, append([]byte(overlay.HostSet), 0))
}

// eachHost gives the addresses that a message of a set's elements has.
func eachHost(a *attributes, each func(netip.Addr)) {
	for rest := a[unix.NFTA_SET_ELEM_LIST_ELEMENTS]; len(rest) >= 4; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < 4 || n > len(rest) {
			return
		}
		var element, key attributes
		element.read(rest[4:n])
		key.read(element[unix.NFTA_SET_ELEM_KEY])
		if at := key.address(unix.NFTA_DATA_VALUE); at.IsValid() {
			each(at)
		}
		rest = rest[min((n+3)&^3, len(rest)):]
	}
}

// hostOp is an operation on the set of hosts that are let in: which table's,
// whom, and by which kind of message.
func hostOp(op overlay.Op) (table string, at netip.Addr, kind uint16) {
	switch o := op.(type) {
	case overlay.AddHost:
		return o.Table, o.At, unix.NFT_MSG_NEWSETELEM
	case overlay.DeleteHost:
		return o.Table, o.At, unix.NFT_MSG_DELSETELEM
	}
	return "", netip.Addr{}, 0
}

// sameHostOps is how many of the first of ops do the same with hosts of one
// table.
func sameHostOps(ops []overlay.Op) (count int) {
	table, _, kind := hostOp(ops[0])
	for kind != 0 && count < len(ops) {
		if t, _, k := hostOp(ops[count]); t != table || k != kind {
			break
		}
		count++
	}
	return count
}

// doHosts does ops, which are alike, as many at a time as fit in a message. Of
// those that fail the kernel does none, and each is tried by itself then.
func (b *batch) doHosts(ops []overlay.Op) (failed []error) {
	for len(ops) > 0 {
		count, err := b.sendHosts(ops)
		if err != nil && count == 1 && !(overlay.Deletes(ops[0]) && errors.Is(err, unix.ENOENT)) {
			failed = append(failed, fmt.Errorf("%s: %w", ops[0], err))
		} else if err != nil {
			for i := range ops[:count] {
				if count > 1 {
					failed = append(failed, b.doHosts(ops[i:i+1])...)
				}
			}
		}
		ops = ops[count:]
	}
	return failed
}

// sendHosts does the first of ops in one transaction, and returns how many
// they are.
func (b *batch) sendHosts(ops []overlay.Op) (count int, err error) {
	const last = 1
	table, _, kind := hostOp(ops[0])
	b.message = finish(begin(b.message[:0], unix.NFNL_MSG_BATCH_BEGIN, 0, 0, 0, 0, unix.NFNL_SUBSYS_NFTABLES), 0)
	first := len(b.message)
	b.message = setName(begin(b.message, nftKind(kind), unix.NLM_F_CREATE, unix.NFPROTO_INET, 0, 0, 0), table)
	list := len(b.message)
	b.message = attribute(b.message, unix.NFTA_SET_ELEM_LIST_ELEMENTS|unix.NLA_F_NESTED, nil)
	for count < len(ops) && len(b.message)+256 < batchBytes {
		_, at, _ := hostOp(ops[count])
		value := attributeAddress(nil, unix.NFTA_DATA_VALUE, at)
		key := attribute(nil, unix.NFTA_SET_ELEM_KEY|unix.NLA_F_NESTED, value)
		b.message = attribute(b.message, unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, key)
		count++
	}
	binary.NativeEndian.PutUint16(b.message[list:], uint16(len(b.message)-list))
	finish(b.message[first:], 0)
	number(b.message[first:], last, true)
	end := len(b.message)
	b.message = begin(b.message, unix.NFNL_MSG_BATCH_END, 0, 0, 0, 0, unix.NFNL_SUBSYS_NFTABLES)
	finish(b.message[end:], 0)
	if err := b.send(); err != nil {
		return count, err
	}
	return count, b.answers(func(m message) (bool, error) { return true, m.errno() })
}
