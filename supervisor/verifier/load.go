package verifier

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"rundock/internal/pause"
)

// Load is what clients do.
type Load struct {
	URLs        []string
	Host        string        // header; "": that of the URL
	Kept, Fresh int           // clients, on kept connections and with a fresh one for each request
	Every       time.Duration // pause of a client after a request
	Timeout     time.Duration // for an answer
}

// run has clients send POSTs until ctx is done, in turn to each URL. None is sent
// twice, not even by Go, which does not read a body again.
func (l Load) run(ctx context.Context, t *tally) {
	var clients sync.WaitGroup
	for i := range l.Kept + l.Fresh {
		url, kind, name := l.URLs[i%len(l.URLs)], kindKept, "kept client"
		if i >= l.Kept {
			kind, name = kindFresh, "fresh client"
		}
		client := &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: kind == kindFresh},
			Timeout:       l.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		clients.Go(func() {
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				// A request that is under way at the end is finished, and counts.
				t.count(kind, fmt.Sprintf("%s %d of %s", name, i, url), l.post(client, url))
				pause.For(ctx, l.Every)
			}
		})
	}
	clients.Wait()
}

func (l Load) post(client *http.Client, url string) error {
	const text = "rundockd verify-switch"
	r, err := http.NewRequest(http.MethodPost, url, io.MultiReader(strings.NewReader(text)))
	if err != nil {
		return err
	}
	r.ContentLength, r.Host = int64(len(text)), l.Host
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 500 {
		return &statusError{answer.StatusCode, answer.Status}
	}
	return nil
}
