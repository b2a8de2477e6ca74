// Package cluster brings the members of the etcd cluster that dnsd keeps to the
// hosts that are to keep one: `dnsd cluster`.
//
//	plan.go     the next step, from the members there are and the hosts wanted
//	look.go     the members there are
//	wait.go     until all of them are well
//	align.go    step after step
//	command.go  the command line
//
// A host that is to have a member runs dnsd with --embed-etcd-peer; without data its store
// waits for its place in the cluster (dnsd/store), which is what a step gives it. So
// all steps are made from one host, whichever.
package cluster
