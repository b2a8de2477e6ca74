// Package stacking is `rundockd stack`: what module rundock_stack asks of the host
// that leads a run, and what people read of stacks' releases.
//
// A run is one play of playbooks/stack.yml. Its calls come one after another, each a
// process of its own; what lasts from the first to the last is the lock of the
// stack, which a process of this package holds (hold.go) until it is told that the
// run is over, or has heard nothing of it for as long as the last call said.
//
//	main.go show.go       the verbs; what people read
//	ctl.go                a call of the module, by its step
//	gather.go facts.go    the model, from files; hosts, from what they say of themselves
//	images.go             digests of images; pulling them
//	building.go build.go  images that are to be built, and building one on its host
//	plan.go               a release of all that
//	namesake.go overlap.go  what a host refuses beside what it has of others
//	stray.go              what hosts lack of the current release
//	lead.go               plan and begin: what is left of a run before, and the release
//	steps.go              the further steps of a run: internal/stack/release decides
//	work.go entry.go      waves as the hosts' modules do them
//	share.go              networks that another stack needs on a host
//	stale.go              files that leave hosts with a release
//	hold.go               the lock
//	key.go keynote.go     the site's key for secrets, and what the store says of it
//
// It speaks to the store and to this host's Docker daemon, and to no other host:
// what is to be done there is in its answers.
package stacking
