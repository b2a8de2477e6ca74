// Package previewwork is `previewd work`: the process of a host that makes previews of wishes.
// What is to be done is decided by internal/preview (Rules.Next); here it is done, a preview
// at a time under a claim in the store, so that of several hosts one works on it. A preview
// runs whole on the host that took it, by the same release engine as any stack
// (rundockd stack ctl) and the same modules, which are called on this host alone.
//
//	view.go       what the store has, folded from one watch; what is known of a preview
//	choice.go     which previews are this host's to work on
//	worker.go     jobs: begun, ended when the wish is another one, tried again
//	job.go        one job, under its claim
//	deploy.go     a commit becomes a release: fetch, build, roll out
//	model.go      the stack as it runs here: names by content, ports of the host, no reservations
//	ports.go      which ports of the host
//	engine.go     a run of the release engine
//	waves.go      what this host does in a wave
//	rest.go       sleep and wake
//	remove.go     nothing is left; what is left of others' is found
//	poll.go       repositories are asked for pushes
//	state.go      what is written of a preview
//	programs.go   programs of ours that are run
//	metrics.go    figures; logs by HTTP
package previewwork
