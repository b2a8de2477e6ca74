// Package release is what the store keeps of a stack: its releases, which of them
// is current, who works on it; and the decisions about them: what to do in which
// order (Waves), how to take it back (Undo), what an earlier run has left (Recover),
// and what people read of it (Diff). Nothing here acts on a host.
//
// Keys, below /rundock/v1/stacks/STACK, with JSON in which an unknown field is an
// error:
//
//	releases/N   a Release: all that its hosts are made of
//	current      a Pointer to the release that all hosts have
//	lock         a Lock, under the lease of the run that works on the stack
//	blobs/HASH   a config, by the SHA-256 that the models of releases give it
//
// A value is 1 MB at most when it is first written (Consul takes 512 KB in a call, of
// which a third is lost to its encoding). Of each stack the last ten releases that
// were current are kept, the last ten that never were, and the blobs that these name.
//
// A release goes through states. Each is written under the lock, and only while
// what was read is still so:
//
//	planned  no host knows of it
//	rolling  hosts are being changed, wave by wave; Begun counts these
//	current  it was committed: the pointer says so in the same transaction. What left
//	         is stopped then, and Done says that it was
//	past     another one was committed: this is not written, but what a current
//	         release is that the pointer has left
//	failed   it is being undone, wave by wave in reverse
//	undone   hosts are as From has them
//
// So a stack is as one release has it, or a run is on its way to that: where a run
// was killed, the next one finishes or undoes what it left.
//
// Secrets are in a release sealed (AES-256-GCM) by a key that only hosts have. What
// people read names them, and shows neither them nor what is sealed.
package release
