// Package place chooses the hosts of a stack's instances. Plan is pure: what it
// is given decides, in whatever order, and nothing is asked or changed.
//
// The unit is a pod: the slots of one number of services that share a namespace,
// a container's volumes, or a volume of which each host has its own. It is on one
// host whole.
//
// The order of the decision:
//
//  1. A unit stays where it was while every hard filter passes there. One whose
//     volume is on its host stays whatever happens: where that host is lost or
//     drained it waits, and where a rule takes the host the slot is refused, as
//     its data would stay behind.
//  2. The others are placed, those with the fewest hosts to choose from first:
//     after what their affinities name, then larger ones first.
//  3. Of the hosts that pass, the best one: that has the volume already; on which
//     the most soft rules hold; that spreads the preferences; with the fewest
//     instances of the service; the least loaded in percent (Binpack: the most)
//     of what the unit asks for, then with the fewest containers (Binpack: the
//     most); by a hash of slot and host. Random is the hash alone.
//  4. What fits nowhere may move others out of its way, three at most, and never
//     one with a volume.
//  5. What then fits nowhere is refused, with what each filter took.
//
// Soft rules come first, as in classic Swarm, which drops them only where no host
// passes with them. Preferences come before the fewest of the service, as in
// Swarm mode: zones a, a, a and b get two each of four.
//
// Sources: classic Swarm's scheduler/filter and scheduler/strategy (globs, 5 % of
// overcommit, percent by what is asked for); swarmkit's manager/scheduler
// (constraints without case, preferences, words for what each filter took).
package place
