package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"rundock/internal/pause"
	"rundock/supervisor/previewlog"
)

// streams counts logs that are followed.
type streams struct{ open atomic.Int64 }

const (
	streamsAtMost = 200

	// eventPatience is how long a client may take for what it was sent.
	eventPatience = 30 * time.Second

	// awayFor is when a client asks again for a log that cannot be had.
	awayFor = 5 * time.Second

	// movedFor is when it does for one that is on another host now, and how often that is looked at.
	movedFor = time.Second
)

var errMoved = errors.New("the log is on another host now")

// Streams is how many logs are followed.
func (a *API) Streams() int64 { return a.streams.open.Load() }

// buildLog answers with a build's log, containerLog with that of a container.
func (a *API) buildLog(c *call, w http.ResponseWriter) {
	p, err := c.preview()
	if err != nil {
		a.fail(w, c, err)
		return
	}
	a.log(c, w, p.Name, a.Logs.Build(p), func() bool {
		builder, ok := a.Book.Builder(p.Name)
		return !ok || a.Logs.builtOn(builder) != a.Logs.builtOn(p.Builder)
	})
}

func (a *API) containerLog(c *call, w http.ResponseWriter) {
	name := c.PathValue("name")
	slot, ok := a.Book.Container(name, c.PathValue("container"))
	if !ok {
		a.fail(w, c, none("preview %q has no container %q", name, c.PathValue("container")))
		return
	}
	a.log(c, w, name+", "+slot.Name, a.Logs.Container(name, slot), func() bool {
		now, ok := a.Book.Container(name, slot.Name)
		return !ok || now.Host != slot.Host
	})
}

// log answers with a log, as the client accepts it. moved reports that it is another host that has it now.
func (a *API) log(c *call, w http.ResponseWriter, title string, from previewlog.Source, moved func() bool) {
	id := c.Header.Get("Last-Event-ID")
	if id == "" {
		id = c.URL.Query().Get("after")
	}
	after := previewlog.ParsePlace(id)
	accepts := c.Header.Get("Accept")
	if strings.Contains(accepts, "text/event-stream") {
		a.follow(c, w, title, from, after, moved)
		return
	}
	log, err := previewlog.ReadAll(c.Context(), from, after)
	if err != nil {
		a.Log.Warn("a log cannot be read", "of", title, "err", err)
		WriteError(w, http.StatusBadGateway, "the log of "+title+": "+err.Error())
		return
	}
	if !strings.Contains(accepts, "text/plain") {
		write(w, http.StatusOK, log)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	for _, l := range log.Lines {
		fmt.Fprintln(w, Plain(l.Text))
	}
}

// follow sends the log's lines as events, each with its place for an id, until the client leaves; the event away says why
// there are none now, after which the client asks anew. So it does, at once, where the log has moved.
func (a *API) follow(c *call, w http.ResponseWriter, title string, from previewlog.Source, after previewlog.Place, moved func() bool) {
	if a.streams.open.Add(1) > streamsAtMost {
		a.streams.open.Add(-1)
		w.Header().Set("Retry-After", "30")
		WriteError(w, http.StatusServiceUnavailable, fmt.Sprintf("%d logs are followed already", streamsAtMost))
		return
	}
	defer a.streams.open.Add(-1)
	ctx, cancel := context.WithCancelCause(c.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.Done, func() { cancel(nil) })()
	go func() {
		if a.awaitMove(ctx, moved) {
			cancel(errMoved)
		}
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	out := http.NewResponseController(w)
	out.SetReadDeadline(time.Time{}) // the server's is for requests with a body
	body := bufio.NewWriter(w)
	flush := func() error {
		out.SetWriteDeadline(time.Now().Add(eventPatience))
		return errors.Join(body.Flush(), out.Flush())
	}
	fmt.Fprint(body, ": the log of "+title+"\n\n")
	if flush() != nil {
		return
	}
	err := from.Follow(ctx, after, previewlog.Reading{On: func(anew bool, at previewlog.Place, l previewlog.Line) error {
		if anew {
			fmt.Fprint(body, "event: anew\ndata:\n\n")
		}
		_, err := fmt.Fprintf(body, "id: %s\ndata: %s\n\n", at, Plain(l.Text))
		return err
	}, Sent: flush, Idle: func() error { fmt.Fprint(body, ": \n\n"); return flush() }})
	switch {
	case errors.Is(context.Cause(ctx), errMoved):
		fmt.Fprintf(body, "retry: %d\n\n", movedFor.Milliseconds())
		flush()
	case err != nil && ctx.Err() == nil:
		a.Log.Debug("a log is followed no longer", "of", title, "err", err)
		fmt.Fprintf(body, "retry: %d\nevent: away\ndata: %s\n\n", awayFor.Milliseconds(), Plain(err.Error()))
		flush()
	}
}

// awaitMove returns true once the log has moved, false when ctx is done.
func (a *API) awaitMove(ctx context.Context, moved func() bool) bool {
	for {
		changed := a.Book.Changed()
		if moved() {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
		if pause.For(ctx, movedFor) != nil {
			return false
		}
	}
}
