// Package network gives the networks of stacks what an overlay network needs: a
// subnet and a VNI of the site's pool, and a name that hosts take. A stack's own network
// is one overlay network; external ones are somebody else's.
//
// Who has which subnet and VNI is one value of the store, the Ledger, at
// /rundock/v1/networks: JSON in which an unknown field is an error. It is replaced by
// compare-and-swap, so that two runs cannot get the same, however their subnets
// overlap. What overlay networks of the inventory have, as the store tells, is left alone.
//
// A run has the stack take its networks before a release begins (Take). Once the release
// is over, and hosts have left what they do not need any more, the stack keeps the
// networks that it still has (Keep). A network that no stack keeps is free. Which hosts
// join and leave, and when, is for waves of internal/stack/release to say.
//
//	pool.go    where subnets and VNIs come from
//	ledger.go  who has which: claims, what ends them, and what hosts are told of one; pure
//	store.go   the same in the store
//	names.go   the names of services in it, and where they are looked for
//
// Nothing here acts on a host.
package network
