package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A load is clients that go on until it ends, and what they have missed.
type load struct {
	stop    context.CancelFunc
	clients sync.WaitGroup

	mu     sync.Mutex
	done   map[string]int // by what was asked
	failed []string
}

// load has clients send POSTs to url, on fresh connections and on kept ones, and look service up
// as each host does: by its own dnsd, and by the next host's where that does not answer in time.
func (s *setup) load(t *testing.T, url, service string) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop, done: map[string]int{}}
	l.repeat(ctx, "request on a fresh connection", fresh(url))
	l.repeat(ctx, "request on a kept connection", post(&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}, url))
	s.lookedUp(ctx, l, service, []string{front, back1, back2}, "")
	t.Cleanup(func() { stop(); l.clients.Wait() })
	return l
}

// lookedUp has each of hosts but one look service up: by its own dnsd, and by the next host's.
func (s *setup) lookedUp(ctx context.Context, l *load, service string, hosts []string, but string) {
	for i, host := range hosts {
		own, second := s.Addr(host).String()+":53", s.Addr(hosts[(i+1)%len(hosts)]).String()+":53"
		if host != but {
			l.repeat(ctx, "lookup by "+host, func() error { return lookUp(service, own, second) })
		}
	}
}

func (l *load) repeat(ctx context.Context, what string, once func() error) {
	l.clients.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			err := once()
			l.mu.Lock()
			l.done[what]++
			if err != nil {
				l.failed = append(l.failed, fmt.Sprintf("%s %s: %v", began.UTC().Format("15:04:05.000"), what, err))
			}
			l.mu.Unlock()
			time.Sleep(10 * time.Millisecond) // how short a gap is seen
		}
	})
}

// nothingMissed ends the load, of which nothing must have failed.
func (l *load) nothingMissed(t *testing.T) {
	t.Helper()
	l.stop()
	l.clients.Wait()
	t.Logf("%v, %d failed", l.done, len(l.failed))
	if len(l.failed) > 0 {
		t.Errorf("of %v failed:\n%s", l.done, strings.Join(l.failed[:min(len(l.failed), 30)], "\n"))
	}
	for what, n := range l.done {
		if n < 10 {
			t.Errorf("%s: there were %d, which tell nothing", what, n)
		}
	}
}

// fresh posts by a connection of its own.
func fresh(url string) func() error {
	return post(&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}, url)
}

// post sends a body that the transport cannot read anew, so that it sends no request twice: a
// failure on a kept connection is one.
func post(client *http.Client, url string) func() error {
	return func() error {
		answer, err := client.Post(url, "text/plain", io.MultiReader(strings.NewReader("x")))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode/100 != 2 {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	}
}

// lookUp asks one server, and where it does not answer within a second the next one, and both once more, as
// resolv.conf of the hosts says.
func lookUp(service string, servers ...string) error {
	m := new(dns.Msg)
	m.SetQuestion(service+"."+zone+".", dns.TypeA)
	client := dns.Client{Timeout: time.Second}
	var wrong []string
	for _, server := range slices.Repeat(servers, 2) {
		answer, _, err := client.Exchange(m, server)
		switch {
		case err != nil:
			wrong = append(wrong, server+": "+err.Error())
		case answer.Rcode == dns.RcodeSuccess && len(answer.Answer) > 0:
			return nil
		case answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError:
			return fmt.Errorf("%s has no record", server)
		default:
			wrong = append(wrong, server+": "+dns.RcodeToString[answer.Rcode])
		}
	}
	return fmt.Errorf("no server answers: %s", strings.Join(wrong, "; "))
}
