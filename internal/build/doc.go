// Package build makes images, of a branch's services and of stacks', by the builder that every
// Docker daemon has. A Dockerfile is foreign code, and what it runs is always limited:
// memory, processors, processes, time, the log, the context's size, and the disk, of which some
// is left free whatever it writes. A build that is over a limit, or that nobody waits for any more, ends,
// and no container of it is left.
//
// An image is named by what it is made of, the files of its context among it. So the same files are
// not built again, on any host, where the image registry has it.
//
//	dockerfile.go    lines that are for BuildKit: written otherwise, or refused
//	fetch.go         what the daemon would fetch from an address
//	bases.go         images that a build begins with, which may have it fetch, too
//	ignore.go        .dockerignore
//	context.go       the files that are sent
//	unpack.go        files that were sent from elsewhere
//	log.go           the log: a file of numbered lines, of limited size
//	request.go       what is built, and the name of its image
//	processes.go     how many processes there may be
//	layers.go        what a build that came to nothing leaves
//	build.go         one build
//
// A builder makes one build at a time: its containers are known by their cgroup alone.
package build
