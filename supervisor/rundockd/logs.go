package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/container"
)

// logCopier copies a container's log to the runner's standard output, which
// runsv connects to svlogd, each message once (cursor).
type logCopier struct {
	docker  *container.Client
	cursor  *cursor
	out     pipe
	current string // svlogd's current file, where an interrupted write is looked for

	batch []byte
	end   position // after the messages in batch
	last  int      // where the last message begins in batch
}

// follow copies what container id logs until it has stopped and all is
// copied. A daemon that goes away is waited for. It returns early when ctx is
// done, or when the cursor or the output fails.
func (l *logCopier) follow(ctx context.Context, id string) error {
	return l.run(ctx, id, true)
}

// flush copies what container id, which has stopped, left uncopied.
func (l *logCopier) flush(ctx context.Context, id string) error {
	return l.run(ctx, id, false)
}

func (l *logCopier) run(ctx context.Context, id string, follow bool) error {
	l.settle(id)
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
		if s, inspectErr := l.docker.Inspect(ctx, id); inspectErr == nil && !s.Running && (err == nil || !s.Exists) {
			return nil
		}
		if wait(ctx, 250*time.Millisecond) != nil {
			return nil
		}
	}
}

// outputError is an error of our own side, which reading again cannot mend.
type outputError struct{ err error }

func (e *outputError) Error() string { return "copy log: " + e.err.Error() }

// copy copies over one connection, from the cursor on.
func (l *logCopier) copy(ctx context.Context, id string, follow bool) error {
	done, _, _ := l.cursor.begin(id)
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
		failed <- l.docker.Logs(readCtx, id, done.time(), follow, func(m container.Message) error {
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

// add appends a message to the batch, which is written when it is full.
func (l *logCopier) add(ctx context.Context, at int64, data []byte) error {
	if len(l.batch)+len(data) > pipeBuf {
		if err := l.write(ctx); err != nil {
			return err
		}
	}
	l.last = len(l.batch)
	l.batch = append(l.batch, data...)
	l.end = l.end.next(at)
	return nil
}

// write writes the batch, with its record before and after.
func (l *logCopier) write(ctx context.Context) error {
	if len(l.batch) == 0 {
		return nil
	}
	l.cursor.plan(l.end, digest(l.batch[l.last:]))
	if err := l.out.write(ctx, l.batch); err != nil {
		l.cursor.undo()
		return err
	}
	l.cursor.done()
	l.batch = l.batch[:0]
	return nil
}

// settle finds out whether a batch that a killed predecessor had planned was
// written: then its last line is among the last of svlogd's current file,
// once svlogd has taken all that is in the pipe. Where that cannot be seen
// the batch is written again, as repeating is better than losing.
func (l *logCopier) settle(id string) {
	_, _, sum := l.cursor.begin(id)
	if sum == 0 {
		return
	}
	deadline := time.Now().Add(2 * time.Second)
	for quiet := 0; quiet < 5 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if n, err := unix.IoctlGetInt(l.out.fd, unix.TIOCINQ); err != nil || n == 0 {
			quiet++
		} else {
			quiet = 0
		}
	}
	if wasWritten(l.current, sum) {
		l.cursor.done()
	} else {
		l.cursor.undo()
	}
}

// settleLines is how far from the end of the log the interrupted line may be:
// finish and the runner itself say a few lines after it.
const settleLines = 16

// wasWritten reports whether exactly one of the last lines of the svlogd file
// at path has this digest.
func wasWritten(path string, sum uint64) bool {
	found := 0
	for _, line := range lastLines(path, settleLines) {
		_, text, _ := bytes.Cut(line, []byte(" ")) // svlogd's time
		if digest(text) == sum {
			found++
		}
	}
	return found == 1
}

// lastLines returns the last n lines, with their newlines, of the svlogd file
// at path, reaching into the file rotated last where path is too new.
func lastLines(path string, n int) [][]byte {
	data := tail(path)
	if bytes.Count(data, []byte("\n")) < n {
		if old, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "@*")); len(old) > 0 {
			data = append(tail(old[len(old)-1]), data...) // names sort by time
		}
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines[max(0, len(lines)-n):]
}

// tail returns the last 512 KiB of the file at path: lines may be long.
func tail(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(0, size-512<<10), io.SeekStart)
	}
	data, _ := io.ReadAll(f)
	return data
}

// wait waits for d, or returns ctx's cause when it is done before.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
}
