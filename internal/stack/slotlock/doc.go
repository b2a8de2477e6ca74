// Package slotlock is the lock of a slot that may run on one host of several: a key
// of the store under a lease,
//
//	/rundock/v1/standby/shop/db.1 = {"id":"MACHINE/shop-db-1","host":"node-1"}
//
// Whoever holds it may run the slot's container. It is over for its holder before it
// is for the store, by as long as a stop takes (Lock.Margin): a holder that is cut off
// has stopped its container before another host can have the lock. Nothing but the
// store decides who that is; hosts do not ask each other.
package slotlock

import (
	"rundock/internal/registry"
	"rundock/internal/stack"
)

// Prefix begins the keys of all locks.
const Prefix = "/rundock/v1/standby/"

// Key is the lock's of a slot.
func Key(of string, slot stack.Slot) string { return Prefix + of + "/" + slot.String() }

// Holder is the value of the key.
type Holder struct {
	ID   string `json:"id"`   // of the service on its machine: who has the same takes the lock over at once
	Host string `json:"host"` // as host.json has it; for people
}

// holderOf reads a value; of one that cannot be read somebody else is the holder.
func holderOf(value []byte) Holder {
	var h Holder
	if registry.Decode(value, &h) != nil || h.ID == "" {
		return Holder{Host: registry.OwnerOf(value)}
	}
	return h
}
