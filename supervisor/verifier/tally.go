package verifier

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Kinds of clients.
const (
	kindKept   = "on kept connections"
	kindFresh  = "on fresh connections"
	kindSocket = "by websocket"
)

// errEarly is a websocket that ended before it was its time.
var errEarly = errors.New("the websocket ended")

// Failure is a request that failed.
type Failure struct {
	At     time.Duration `json:"-"`
	Client string        `json:"client"` // such as: kept client 3 of http://10.0.0.9/
	Flip   int           `json:"flip"`   // 0: before the first
	Phase  string        `json:"phase"`  // where that flip was
	What   string        `json:"what"`
	Why    string        `json:"why"` // what that means
}

// shownFailures is how many are kept one by one.
const shownFailures = 20

// tally counts.
type tally struct {
	mu       sync.Mutex
	began    time.Time
	flip     int
	phase    string
	good     map[string]int // by kind of client
	bad      map[string]int
	failures []Failure // the first ones
	flips    []time.Duration
	sockets  int // websockets that were shut down in their time
}

func newTally() *tally {
	return &tally{began: time.Now(), phase: "no switch under way", good: map[string]int{}, bad: map[string]int{}}
}

// at notes where the switch is.
func (t *tally) at(flip int, phase string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flip, t.phase = flip, phase
}

// flipped notes how long a flip has taken.
func (t *tally) flipped(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flips = append(t.flips, d)
}

// count counts a request of a kind of client; err is why it failed.
func (t *tally) count(kind, client string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.good[kind]++
		return
	}
	t.bad[kind]++
	if len(t.failures) < shownFailures {
		t.failures = append(t.failures, Failure{
			At: time.Since(t.began), Client: client, Flip: t.flip, Phase: t.phase, What: err.Error(), Why: explain(err),
		})
	}
}

// inTime counts a websocket that was shut down when it had had its time.
func (t *tally) inTime() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sockets++
}

// statusError is an answer that is a failure.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return e.text }

// explain says what a failed request means.
func explain(err error) string {
	var status *statusError
	switch {
	case errors.As(err, &status) && status.code == 502:
		return "an instance closed the connection, or answered with what is no HTTP: it ended before its sessions had"
	case errors.As(err, &status) && status.code == 503:
		return "the load balancer had no server that is up: the colour got traffic before it was up, or lost its instances while it had it"
	case errors.As(err, &status) && status.code == 504:
		return "an instance did not answer in the load balancer's time"
	case errors.As(err, &status):
		return "the service itself answered so"
	case errors.Is(err, errEarly):
		return "it was shut down before the drain time after a switch was over"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listened at the load balancer: its HAProxy was down, or was restarted and not reloaded"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return "the connection was cut while the request was under way: the load balancer, or through it an instance, ended with it"
	case errors.Is(err, os.ErrDeadlineExceeded), strings.Contains(err.Error(), "Client.Timeout"):
		return "no answer came in time"
	}
	return "the load balancer could not be reached"
}

// Summary is what a run tells.
type Summary struct {
	Version   int            `json:"version"`
	Service   string         `json:"service"`
	Flips     int            `json:"flips"`
	MedianMS  int64          `json:"median_ms"` // of a flip, from the call to its end
	Requests  map[string]int `json:"requests"`  // that were answered well, by kind of client
	Failed    map[string]int `json:"failed"`    // by kind of client
	Failures  []Failure      `json:"failures"`  // the first ones
	Sockets   int            `json:"websockets_shut_down"`
	Unflipped string         `json:"unflipped,omitempty"` // why not all flips were made
}

func (t *tally) summary(service string) Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Summary{Service: service, Flips: len(t.flips), Requests: t.good, Failed: t.bad, Failures: append([]Failure{}, t.failures...), Sockets: t.sockets}
	if sorted := slices.Sorted(slices.Values(t.flips)); len(sorted) > 0 {
		s.MedianMS = sorted[len(sorted)/2].Milliseconds()
	}
	return s
}

// FailedAll is how many requests failed.
func (s Summary) FailedAll() (n int) {
	for _, bad := range s.Failed {
		n += bad
	}
	return n
}

// Text is the summary for people.
func (s Summary) Text() string {
	var b strings.Builder
	for _, kind := range []string{kindKept, kindFresh, kindSocket} {
		if s.Requests[kind]+s.Failed[kind] > 0 {
			fmt.Fprintf(&b, "%-22s %7d good, %d failed\n", kind, s.Requests[kind], s.Failed[kind])
		}
	}
	for _, f := range s.Failures {
		fmt.Fprintf(&b, "%7.2fs  switch %d (%s)  %s: %s\n          %s\n", f.At.Seconds(), f.Flip, f.Phase, f.Client, f.What, f.Why)
	}
	if n := s.FailedAll() - len(s.Failures); n > 0 {
		fmt.Fprintf(&b, "and %d more\n", n)
	}
	if s.Sockets > 0 {
		fmt.Fprintf(&b, "%d websockets were shut down after their drain time, and came back\n", s.Sockets)
	}
	if s.Unflipped != "" {
		fmt.Fprintf(&b, "After %d switches: %s\n", s.Flips, s.Unflipped)
		return b.String()
	}
	fmt.Fprintf(&b, "%d switches, each in %s (median), %d requests failed.\n", s.Flips, time.Duration(s.MedianMS)*time.Millisecond, s.FailedAll())
	return b.String()
}
