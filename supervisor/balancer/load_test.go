package balancer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/pause"
)

// load are clients that send requests until the test stops them. POSTs are never
// repeated.
type load struct {
	stop    context.CancelFunc
	clients sync.WaitGroup
	good    atomic.Int64
	mu      sync.Mutex
	failed  []string
}

// load sends requests to all load balancers, by connections that are kept and by
// new ones.
func (f *field) load(kept, fresh int) *load {
	var fronts []string
	for _, m := range f.balancers {
		fronts = append(fronts, m.front)
	}
	return startLoad(f.t, fronts, kept, fresh)
}

// newClient returns one that keeps its connections, or makes a new one for each
// request.
func newClient(keeps bool) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: !keeps}, Timeout: time.Minute}
}

func startLoad(t *testing.T, fronts []string, kept, fresh int) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	for i := range kept + fresh {
		front, client := fronts[i%len(fronts)], newClient(i < kept)
		l.clients.Go(func() {
			defer client.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				url := "http://" + front + "/"
				if n%50 == i {
					url += "slow"
				}
				if err := post(client, url, fmt.Sprintf("%d-%d", i, n)); err != nil {
					l.mu.Lock()
					l.failed = append(l.failed, fmt.Sprintf("%s client %d (kept: %t): %v", time.Now().Format("05.000"), i, i < kept, err))
					l.mu.Unlock()
				} else {
					l.good.Add(1)
				}
				pause.For(ctx, 10*time.Millisecond) // the processors are for others, too
			}
		})
	}
	t.Cleanup(func() { l.stop(); l.clients.Wait() })
	return l
}

// post sends a request that Go does not send twice, as it cannot read the body
// again.
func post(client *http.Client, url, text string) error {
	r, err := http.NewRequest("POST", url, io.MultiReader(strings.NewReader(text)))
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(text))
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != 200 || !strings.HasSuffix(string(data), " "+text):
		return fmt.Errorf("%s %q", answer.Status, data)
	}
	return nil
}

// ended stops the clients, and returns how many requests they sent and how many
// failed.
func (l *load) ended() (sent int64, failed int) {
	l.stop()
	l.clients.Wait()
	return l.good.Load() + int64(len(l.failed)), len(l.failed)
}

// end is ended, and fails if a request has.
func (l *load) end(t *testing.T) (sent int64, failed int) {
	t.Helper()
	sent, failed = l.ended()
	if failed > 0 {
		t.Errorf("%d requests failed, %d were good; the first: %s", failed, l.good.Load(), strings.Join(l.failed[:min(5, failed)], "\n"))
	}
	if l.good.Load() < 100 {
		t.Errorf("only %d requests were made", l.good.Load())
	}
	t.Logf("%d requests, %d failed", sent, failed)
	return sent, failed
}
