package etcd

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ourEnd is how package net names a connection. Our end's port is another one
// each time, which would make each failure look new.
var ourEnd = regexp.MustCompile(`\b((?:raw-)?(?:read|write) tcp) \S+->(\S+): `)

// readable turns an error of gRPC or etcd into one line for a person:
//
//	rpc error: code = Unavailable desc = last connection error: connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.5:2379: connect: connection refused"
//	etcd: dial tcp 10.0.0.5:2379: connect: connection refused
//
// Errors the callers of this package's functions tell apart stay in its chain.
func readable(err error) error {
	var answered rpctypes.EtcdError
	if errors.As(rpctypes.Error(err), &answered) {
		return etcdError{answered, "etcd: " + strings.TrimPrefix(answered.Error(), "etcdserver: ")}
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	text := s.Message()
	for {
		before := text
		for _, wrapping := range []string{"last connection error: ", "connection error: desc = ", "transport: ", "Error while dialing: ", "error reading from server: ", "authentication handshake failed: "} {
			text = strings.TrimPrefix(text, wrapping)
		}
		text = strings.Trim(text, `"`)
		if text == before {
			return fmt.Errorf("etcd: %s", ourEnd.ReplaceAllString(text, "${1} ${2}: "))
		}
	}
}

// ranOut reports whether a server has ended a call whose time was over: it is told the
// time, and may count it to its end a moment before we do.
func ranOut(err error) bool {
	s, _ := status.FromError(err)
	return s.Code() == codes.DeadlineExceeded || s.Code() == codes.Canceled && strings.Contains(s.Message(), "RST_STREAM")
}

// etcdError is an error the server answered with, in our words.
type etcdError struct {
	cause rpctypes.EtcdError
	text  string
}

func (e etcdError) Error() string { return e.text }
func (e etcdError) Unwrap() error { return e.cause }
