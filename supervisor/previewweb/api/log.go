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

	"rundock/supervisor/previewweb/buildlog"
)

// streams counts logs that are followed.
type streams struct{ open atomic.Int64 }

const (
	streamsAtMost = 200

	// eventPatience is how long a client may take for what it was sent.
	eventPatience = 30 * time.Second
)

// Streams is how many logs are followed.
func (a *API) Streams() int64 { return a.streams.open.Load() }

// log is a build's log, as the client accepts it.
func (a *API) log(c *call, w http.ResponseWriter) {
	p, err := c.preview()
	if err != nil {
		a.fail(w, c, err)
		return
	}
	id := c.Header.Get("Last-Event-ID")
	if id == "" {
		id = c.URL.Query().Get("after")
	}
	after := buildlog.ParsePlace(id)
	accepts := c.Header.Get("Accept")
	if strings.Contains(accepts, "text/event-stream") {
		a.follow(c, w, p.Name, after)
		return
	}
	log, err := a.Logs.Read(p.Name, after)
	if err != nil {
		a.Log.Error("a log cannot be read", "preview", p.Name, "err", err)
		WriteError(w, http.StatusInternalServerError, "the log of "+p.Name+" cannot be read")
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

// follow sends the log's lines as events, each with its place for an id, until the client leaves.
func (a *API) follow(c *call, w http.ResponseWriter, name string, after buildlog.Place) {
	if a.streams.open.Add(1) > streamsAtMost {
		a.streams.open.Add(-1)
		w.Header().Set("Retry-After", "30")
		WriteError(w, http.StatusServiceUnavailable, fmt.Sprintf("%d logs are followed already", streamsAtMost))
		return
	}
	defer a.streams.open.Add(-1)
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	defer context.AfterFunc(a.Done, cancel)()
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
	fmt.Fprint(body, ": the log of "+name+"\n\n")
	if flush() != nil {
		return
	}
	err := a.Logs.Follow(ctx, name, after, func(anew bool, at buildlog.Place, l buildlog.Line) error {
		if anew {
			fmt.Fprint(body, "event: anew\ndata:\n\n")
		}
		fmt.Fprintf(body, "id: %s\ndata: %s\n\n", at, Plain(l.Text))
		return nil
	}, flush, func() error { fmt.Fprint(body, ": \n\n"); return flush() })
	if err != nil {
		a.Log.Debug("a log is followed no longer", "preview", name, "err", err)
	}
}
