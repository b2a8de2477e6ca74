package etcd

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestReason_of_one_failure_is_always_the_same(t *testing.T) {
	for text, want := range map[string]string{
		`last connection error: connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.5:2379: connect: connection refused"`: "etcd: dial tcp 10.0.0.5:2379: connect: connection refused",
		`connection error: desc = "error reading server preface: raw-read tcp 10.0.0.2:35904->10.0.0.5:2379: use of closed network connection"`: "etcd: error reading server preface: raw-read tcp 10.0.0.5:2379: use of closed network connection",
		`connection error: desc = "transport: write tcp [fd00::2]:5->[fd00::5]:2379: write: broken pipe"`:                                       "etcd: write tcp [fd00::5]:2379: write: broken pipe",
	} {
		if got := readable(status.Error(codes.Unavailable, text)).Error(); got != want {
			t.Errorf("readable(%s)\n= %s, want\n  %s", text, got, want)
		}
	}
}

func TestReason_of_a_call_that_the_server_ends_for_its_time_is_that(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{status.Error(codes.Canceled, "stream terminated by RST_STREAM with error code: CANCEL"), true},
		{status.Error(codes.DeadlineExceeded, "context deadline exceeded"), true},
		{status.Error(codes.Canceled, "grpc: the client connection is closing"), false},
		{status.Error(codes.Unavailable, "connection refused"), false},
		{errors.New("another"), false},
	} {
		if got := ranOut(c.err); got != c.want {
			t.Errorf("ranOut(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}
