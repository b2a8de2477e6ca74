// Package access has etcd ask who may do what: `dnsd access`.
//
//	plan.go     who is to be there, and what is to be done for that
//	align.go    doing it
//	command.go  the command line
//
// A user is the common name of a certificate, of a host of the site:
//
//	host:NAME  rundockd store of the host: roles host and host:NAME; besides, admin of a host that keeps etcd, and
//	           preview:builder, preview:router and preview:page of one that is that
//	dns:NAME   dnsd of the host: role dns
//	etcd:NAME  etcd itself, on a host that keeps it: role root, as whoever has it has the data
//
// A role is what keys may be read and written. etcd knows ranges of keys and no patterns,
// so a role cannot be of one host's records: their keys have the service before the host.
package access
