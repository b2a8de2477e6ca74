// Package lab runs several Debian hosts on one machine, for the demo and the
// integration tests: each host is a process tree in its own network, mount,
// PID, IPC, UTS and cgroup namespace with its own root, init, sshd, dockerd
// and addresses.
//
// It owns everything that carries the lab's id: the cgroups
// /rundock-lab-<id> (which is how the kernel tells what belongs to a lab),
// two network links <id>-prv and <id>-pub, the disks below Config.State, and
// the files in Config.Dir (inventory, key, images). The bases that hosts
// are made from are shared by all labs and stay in Config.Cache.
//
// Processes started by the lab are the running program again under another
// name (see child.go), so any program importing this package can start hosts.
//
// Source: namespaces(7), pivot_root(2), cgroup_namespaces(7), the Linux
// overlayfs documentation.
package lab
