package overlay

import (
	"net/netip"
	"slices"
)

// DeviceOf is the device that an operation changes, or puts something on; "" where
// there is none, or the operation makes it.
func DeviceOf(op Op) string {
	switch o := op.(type) {
	case SetMAC:
		return o.Dev
	case SetMTU:
		return o.Dev
	case SetUp:
		return o.Dev
	case SetForwarding:
		return o.Dev
	case AddAddress:
		return o.Dev
	case DeleteAddress:
		return o.Dev
	case AddPort:
		return o.Dev
	case AddConnected:
		return o.Dev
	}
	return PeerDevice(op)
}

// entryKey tells entries of peers apart.
type entryKey struct {
	neighbour netip.Addr
	forward   MAC
	route     RouteKey
	host      netip.Addr
}

// entryKeyOf returns which entry an operation is about; ok says that it is about
// one.
func entryKeyOf(op Op) (key entryKey, ok bool) {
	switch o := op.(type) {
	case PutNeighbour:
		return entryKey{neighbour: o.IP}, true
	case DeleteNeighbour:
		return entryKey{neighbour: o.IP}, true
	case PutForward:
		return entryKey{forward: o.MAC}, true
	case DeleteForward:
		return entryKey{forward: o.MAC}, true
	case PutRoute:
		return entryKey{route: o.Key}, true
	case DeleteRoute:
		return entryKey{route: o.Key}, true
	case AddHost:
		return entryKey{host: o.At}, true
	case DeleteHost:
		return entryKey{host: o.At}, true
	}
	return key, false
}

// SkipSuperseded returns ops less those on entries that others have put meanwhile,
// and those that others have done. Where a device is made anew it returns all, as
// what was done on it is gone.
func SkipSuperseded(ops, others []Op) []Op {
	if len(others) == 0 || slices.ContainsFunc(ops, func(op Op) bool { _, anew := op.(AddVxlan); return anew }) {
		return ops
	}
	put, done := map[entryKey]bool{}, map[Op]bool{}
	for _, op := range others {
		if key, ok := entryKeyOf(op); ok {
			put[key], done[op] = put[key] || !Deletes(op), true
		}
	}
	return slices.DeleteFunc(ops, func(op Op) bool {
		key, ok := entryKeyOf(op)
		return ok && (put[key] || done[op])
	})
}

// PeerDevice is the device of an operation on a peer's entry; "" of other operations.
func PeerDevice(op Op) string {
	switch o := op.(type) {
	case PutNeighbour:
		return o.Dev
	case DeleteNeighbour:
		return o.Dev
	case PutForward:
		return o.Dev
	case DeleteForward:
		return o.Dev
	case PutRoute:
		return o.Dev
	case DeleteRoute:
		return o.Dev
	}
	return ""
}

// Deletes reports whether an operation deletes an entry of a peer.
func Deletes(op Op) bool {
	switch op.(type) {
	case DeleteNeighbour, DeleteForward, DeleteRoute, DeleteHost:
		return true
	}
	return false
}
