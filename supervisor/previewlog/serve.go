package previewlog

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// event is what is sent of a log: a line with its place, or only a sign of life.
type event struct {
	At   string `json:"at,omitempty"`
	Anew bool   `json:"anew,omitempty"`
	Line *Line  `json:"line,omitempty"`
	Err  string `json:"error,omitempty"` // why it ends here
}

// Server gives pages the logs of this host's previews.
type Server struct {
	Build     func(name string) Source
	Container func(name, slot string) (Source, error) // an error says why it is not shown
	Done      context.Context                         // ends streams
	Log       *slog.Logger

	open atomic.Int64
}

const (
	// streamsAtMost is how many logs are read at the same time.
	streamsAtMost = 400

	// eventPatience is how long a page may take for what it was sent.
	eventPatience = 30 * time.Second
)

// Handler answers pages.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /build/{name}", func(w http.ResponseWriter, r *http.Request) { s.send(w, r, s.Build(r.PathValue("name"))) })
	mux.HandleFunc("GET /container/{name}/{slot}", func(w http.ResponseWriter, r *http.Request) {
		from, err := s.Container(r.PathValue("name"), r.PathValue("slot"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		s.send(w, r, from)
	})
	return mux
}

// send sends a log, until the page leaves where it follows.
func (s *Server) send(w http.ResponseWriter, r *http.Request, from Source) {
	if s.open.Add(1) > streamsAtMost {
		s.open.Add(-1)
		http.Error(w, "too many logs of this host are read already", http.StatusServiceUnavailable)
		return
	}
	defer s.open.Add(-1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.Done, cancel)()
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	body := bufio.NewWriter(w)
	out := json.NewEncoder(body)
	flush := func() error {
		control.SetWriteDeadline(time.Now().Add(eventPatience))
		return errors.Join(body.Flush(), control.Flush())
	}
	if flush() != nil {
		return
	}
	told := Reading{
		On: func(anew bool, at Place, l Line) error {
			return out.Encode(event{At: at.String(), Anew: anew, Line: &l})
		},
		Sent: flush, Idle: func() error { return errors.Join(out.Encode(event{}), flush()) },
	}
	read := from.Read
	if r.URL.Query().Get("follow") != "" {
		read = from.Follow
	}
	if err := read(ctx, ParsePlace(r.URL.Query().Get("after")), told); err != nil {
		s.Log.Debug("a log is read no longer", "path", r.URL.Path, "err", err)
		out.Encode(event{Err: err.Error()})
	}
	flush()
}

// Pages is what begins the subject of the certificates of pages, which end in their host.
const Pages = "preview-page:"

// PageOnly lets in who has shown a certificate of a page.
func PageOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || !strings.HasPrefix(r.TLS.PeerCertificates[0].Subject.CommonName, Pages) {
			http.Error(w, "logs of previews are for their pages: the certificate is of none", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
