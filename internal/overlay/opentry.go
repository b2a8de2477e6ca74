package overlay

import (
	"net/netip"
	"slices"
)

// DeviceOf is the device that an operation is done to; "" of one that is done to
// none, or makes it.
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

// entryOf returns which entry an operation is about; ok says that it is about
// one.
func entryOf(op Op) (key entryKey, ok bool) {
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

// SkipSuperseded returns ops but for what others have done: what is about an entry
// that they put, and what they deleted, which may not be the entry that is
// there. With a device that is made anew, what was done is gone.
func SkipSuperseded(ops, others []Op) []Op {
	if len(others) == 0 || slices.ContainsFunc(ops, func(op Op) bool { _, anew := op.(AddVxlan); return anew }) {
		return ops
	}
	put, done := map[entryKey]bool{}, map[Op]bool{}
	for _, op := range others {
		if key, ok := entryOf(op); ok {
			put[key], done[op] = put[key] || !Deletes(op), true
		}
	}
	return slices.DeleteFunc(ops, func(op Op) bool {
		key, ok := entryOf(op)
		return ok && (put[key] || done[op])
	})
}

// PeerDevice is the device of a peer's operation; "" where op is another one.
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

func Deletes(op Op) bool {
	switch op.(type) {
	case DeleteNeighbour, DeleteForward, DeleteRoute, DeleteHost:
		return true
	}
	return false
}
