package container

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// endWithin bounds what a daemon takes to end a build: it finishes what it makes an image of.
const endWithin = time.Minute

// ErrNoEnd is a daemon that is left with a build: what it makes of that yet stays.
var ErrNoEnd = errors.New("the daemon does not say within " + endWithin.String() + " that the build has ended")

// endable is a context for the request of a build. At the end of ctx the daemon is told by half of the connection, and
// goes on saying by the other half what it does, until the build has ended: nothing of it comes later. The context ends where
// the request is not sent by then, and with ErrNoEnd. done frees what it holds.
func endable(ctx context.Context) (request context.Context, done func()) {
	request, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var mu sync.Mutex
	var conn, sent net.Conn // the one of the request, and the same once all of it is written
	request = httptrace.WithClientTrace(request, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			mu.Lock()
			defer mu.Unlock()
			conn, sent = i.Conn, nil
		},
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			mu.Lock()
			defer mu.Unlock()
			if i.Err == nil {
				sent = conn
			}
		},
	})
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		half, ok := sent.(interface{ CloseWrite() error })
		mu.Unlock()
		if !ok || half.CloseWrite() != nil {
			cancel(context.Cause(ctx))
			return
		}
		timer := time.NewTimer(endWithin)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(ErrNoEnd)
		case <-over:
		}
	})
	return request, func() {
		stop()
		close(over)
		cancel(nil)
	}
}
