package logcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/container"
	"rundock/internal/pause"
	"rundock/supervisor/process"
)

// Copier copies a container's log to the runner's standard output, which
// runsv connects to svlogd, each message once (cursor).
type Copier struct {
	Docker  *container.Client
	Cursor  *Cursor
	Out     process.Pipe
	Current string // svlogd's current file, where an interrupted write is looked for

	batch  []byte   // at most PipeBuf bytes
	end    position // after batch
	recent recent

	batches atomic.Int64 // written so far
}

// Follow copies what container id logs until it has stopped and all is
// copied. A daemon that goes away is waited for. It returns early when ctx is
// done, or when the cursor or the output fails.
func (l *Copier) Follow(ctx context.Context, id string) error {
	return l.run(ctx, id, true)
}

// logPatience is how long svlogd may take nothing at all of the end of a log
// before it is given up: on a full disk that is so for days, and the service
// matters more.
const logPatience = 5 * time.Second

// Flush copies what container id, which has stopped, left uncopied.
func (l *Copier) Flush(ctx context.Context, id string) error {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		if l.Stalls(done) {
			cancel()
		}
	}()
	err := l.run(bounded, id, false)
	if bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("svlogd took none of it for %s: is the disk of %s full?", logPatience, filepath.Dir(l.Current))
	}
	return err
}

// Stalls returns true once nothing was written for logPatience, and false when
// done is closed before.
func (l *Copier) Stalls(done <-chan struct{}) bool {
	for before := l.batches.Load(); ; {
		timer := time.NewTimer(logPatience)
		select {
		case <-done:
			timer.Stop()
			return false
		case <-timer.C:
		}
		now := l.batches.Load()
		if now == before {
			return true
		}
		before = now
	}
}

func (l *Copier) run(ctx context.Context, id string, follow bool) error {
	l.resumeBatch(id)
	for {
		err := l.copy(ctx, id, follow)
		var out *outputError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &out) || !follow:
			return err
		}
		// A daemon that restarts ends the stream as politely as a container
		// that has stopped: the container's state tells them apart.
		if s, inspectErr := l.Docker.Inspect(ctx, id); inspectErr == nil && !s.Running && (err == nil || !s.Exists) {
			return nil
		}
		if pause.For(ctx, 250*time.Millisecond) != nil {
			return nil
		}
	}
}

// outputError is an error of our own side, which reading again cannot mend.
type outputError struct{ err error }

func (e *outputError) Error() string { return "copy log: " + e.err.Error() }

// copy copies over one connection, from the cursor on.
func (l *Copier) copy(ctx context.Context, id string, follow bool) error {
	done := l.Cursor.begin(id)
	seen := position{at: done.at}
	l.batch, l.end = l.batch[:0], done

	// The stream is read ahead by another goroutine, so that a batch is what
	// has come by the time the last one is written.
	type chunk struct {
		at   int64
		data []byte
	}
	messages := make(chan chunk, 256)
	failed := make(chan error, 1)
	readCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(messages)
		failed <- l.Docker.Logs(readCtx, id, done.time(), follow, func(m container.Message) error {
			select {
			case messages <- chunk{m.Time.UnixNano(), bytes.Clone(m.Data)}:
				return nil
			case <-readCtx.Done():
				return readCtx.Err()
			}
		})
	}()
	for m := range messages {
		if m.at == done.at && seen.n < done.n {
			seen.n++ // copied before
			continue
		}
		if m.at == done.at && seen.n == done.n { // copied in part, if off says so
			seen.n++
			m.data = m.data[min(done.off, uint64(len(m.data))):]
		}
		if err := l.add(ctx, m.at, m.data); err != nil {
			return &outputError{err}
		}
		if len(messages) == 0 {
			if err := l.write(ctx); err != nil {
				return &outputError{err}
			}
		}
	}
	if err := l.write(ctx); err != nil {
		return &outputError{err}
	}
	return <-failed
}

// add appends a message to the batch, which is written when it is full. A
// message that is longer than a batch is written piece by piece.
func (l *Copier) add(ctx context.Context, at int64, data []byte) error {
	if len(l.batch)+len(data) > process.PipeBuf {
		if err := l.write(ctx); err != nil {
			return err
		}
	}
	for len(data) > process.PipeBuf {
		l.batch = append(l.batch, data[:process.PipeBuf]...)
		l.end = l.end.within(at, process.PipeBuf)
		if err := l.write(ctx); err != nil {
			return err
		}
		data = data[process.PipeBuf:]
	}
	l.batch = append(l.batch, data...)
	l.end = l.end.next(at)
	return nil
}

// write writes the batch, with its record before and after.
func (l *Copier) write(ctx context.Context) error {
	if len(l.batch) == 0 {
		return nil
	}
	l.Cursor.plan(l.end, l.batch, l.recent.lacks(l.batch))
	if err := l.Out.WriteContext(ctx, l.batch); err != nil {
		l.Cursor.undo()
		return err
	}
	l.Cursor.done()
	l.batches.Add(1)
	l.recent.add(l.batch)
	l.batch = l.batch[:0]
	return nil
}

// resumeBatch finds out whether a batch that a killed predecessor had planned was
// written: then it is in svlogd's files, once svlogd has taken all that is in
// the pipe. Where that cannot be seen, or where the batch looks like something
// written before it, it is written again, as repeating is better than losing.
func (l *Copier) resumeBatch(id string) {
	l.Cursor.begin(id)
	batch, unique := l.Cursor.pending()
	if batch == nil && l.recent.known {
		return
	}
	l.recent = recent{known: l.drained(batch != nil), text: written(l.Current)}
	switch {
	case batch == nil:
	case l.recent.known && unique && !l.recent.lacks(batch):
		l.Cursor.done()
	default:
		l.Cursor.undo()
	}
}

// drained waits until the pipe is empty, and reports whether it is. With
// whole set also svlogd has had the time to write out what it took.
func (l *Copier) drained(whole bool) bool {
	rounds := 1
	if whole {
		rounds = 5
	}
	deadline := time.Now().Add(2 * time.Second)
	for empty := 0; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if n, err := unix.IoctlGetInt(l.Out.FD, unix.TIOCINQ); err != nil || n > 0 {
			empty = 0
		} else if empty++; empty == rounds {
			return true
		}
	}
	return false
}
