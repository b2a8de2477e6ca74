// Package shipper is `rundockd ship`: it sends the logs of a host to a receiver, by syslog
// over TLS or by fluentd's forward protocol. It reads the folders of svlogd, each from where
// it was (internal/svlog), into a queue on disk (package spool), and sends from there what
// the receiver has not acknowledged.
//
// Sources: RFC 5424 (messages), RFC 5425 (over TLS), RFC 6587 (octet counting); the Forward
// Protocol Specification v1, of which it speaks PackedForward with chunk and ack.
package shipper
