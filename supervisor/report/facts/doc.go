// Package facts tells what a host is, has and runs: `rundockd facts`. It is the one
// source of module rundock_info, and of whoever places services on hosts.
//
//	document.go  what is told; its JSON keeps its shape
//	gather.go    from this host's files, dockerd and the reports beside this package
//	machine.go   processors, memory, disks, names of the machine
//	service.go   a service, from its files and how it stands; pure
//	table.go     the same for people
//	main.go      the command
package facts
