// Package manifest makes of a branch's own compose files what runs as its preview. A
// branch is foreign code, so that what it asks for is taken by a list: what is not on
// it, and whatever reaches for the host, for files outside of the branch's tree or for
// others' networks and volumes, is refused by its name. What cannot be as the files
// say where many previews run beside each other is done otherwise, and a note says so:
// no ports of hosts, one instance of each service, names of the preview's own, limits
// on memory, processors and processes.
//
// The files are read as those of any stack, by internal/stack/compose; here its model is
// looked at, so that it makes no difference in which of compose's words something is asked for.
//
//	files.go     where compose files are, and how files of the tree are read
//	allow.go     what of a container is allowed
//	refuse.go    what of a stack is refused
//	settle.go    what is done otherwise: ports, instances, names, limits
//	routes.go    where requests go
package manifest
