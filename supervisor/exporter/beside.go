package exporter

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A neighbour is another program of the host that has metrics of its own.
type neighbour struct {
	Name    string // of its runit service
	URL     string
	Metrics string // what the names of its own begin with; others, of Go and the process, are left out
}

// neighbours are where site.yml has them.
var neighbours = []neighbour{
	{"dnsd", "http://127.0.0.1:9153/metrics", "dnsd_"},
	{"previewd-route", "http://127.0.0.1:9154/metrics", "previewd_route_"},
	{"previewd-web", "http://127.0.0.1:9156/metrics", "previewd_web_"},
	{"previewd-work", "http://127.0.0.1:9157/metrics", "previewd_work_"},
}

// patience is how long a neighbour may take: less than Prometheus waits for all of them.
const patience = 3 * time.Second

// beside fetches the metrics of those that are installed, all at once, and adds to the page
// which of them answered.
func beside(ctx context.Context, p *page, all []neighbour, installed func(string) bool) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	texts, errs := make([]string, len(all)), make([]error, len(all))
	var asked sync.WaitGroup
	for i, n := range all {
		if installed(n.Name) {
			asked.Go(func() { texts[i], errs[i] = n.fetch(ctx) })
		}
	}
	asked.Wait()
	for i, n := range all {
		if installed(n.Name) {
			p.add(gauge, "rundock_program_up", "1 where the program tells its metrics.", truth(errs[i] == nil), "program", n.Name)
		}
	}
	return strings.Join(texts, "")
}

// fetch returns the metrics of the neighbour's own.
func (n neighbour) fetch(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	reply, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", n.URL, reply.Status)
	}
	return own(reply.Body, n.Metrics)
}

// client asks no proxy: neighbours are on loopback.
var client = &http.Client{Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute}}

// own copies the families whose names begin with prefix.
func own(from io.Reader, prefix string) (string, error) {
	var b strings.Builder
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		name := lines.Text()
		for _, comment := range []string{"# HELP ", "# TYPE "} {
			name = strings.TrimPrefix(name, comment)
		}
		if strings.HasPrefix(name, prefix) {
			b.WriteString(lines.Text() + "\n")
		}
	}
	return b.String(), lines.Err()
}
