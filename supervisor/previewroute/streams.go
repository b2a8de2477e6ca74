package previewroute

import (
	"context"
	"sync"
	"time"

	"rundock/internal/pause"
)

// streams are the requests that may stay open for long: websockets, event streams,
// gRPC. One whose instance left the table is ended after a while, so that it comes back
// to the one that took its place.
type streams struct {
	mu   sync.Mutex
	open map[*stream]struct{}
}

// stream is one of them. Its fields are changed under the mutex of its streams.
type stream struct {
	name    string // of the preview
	address string // of the instance; "": not chosen yet
	end     func()
	left    time.Time // when the instance was first seen to have left; zero: it has not
}

func newStreams() *streams { return &streams{open: map[*stream]struct{}{}} }

func (s *streams) add(name string, end func()) *stream {
	one := &stream{name: name, end: end}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[one] = struct{}{}
	return one
}

// lead notes which instance a stream is led to.
func (s *streams) lead(one *stream, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.address = address
}

func (s *streams) remove(one *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, one)
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// sweep ends those whose instance is not there, as has says, for longer than drain.
func (s *streams) sweep(now time.Time, drain time.Duration, has func(name, address string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		switch {
		case has(one.name, one.address):
			one.left = time.Time{}
		case one.left.IsZero():
			one.left = now
		case now.Sub(one.left) >= drain:
			one.end()
		}
	}
}

// endAll ends all of them.
func (s *streams) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		one.end()
	}
}

// keepStreams ends streams whose instance left the table drain ago, until ctx is done.
func (r *Router) keepStreams(ctx context.Context, drain time.Duration) {
	for pause.For(ctx, min(time.Second, drain/4+time.Millisecond)) == nil {
		if table := r.table.Load(); table != nil {
			r.streams.sweep(time.Now(), drain, table.Has)
		}
	}
}
