package previewroute

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
)

// echoes is an app that says which it is, and what it was sent.
func echoes(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", name, r.Method, body)
	}
}

// caller sends requests one after another until ctx is done, and counts them.
type caller struct {
	method string
	client http.Client
	done   atomic.Int64
}

func (c *caller) run(ctx context.Context, g *rig) {
	body := ""
	if c.method == "POST" {
		body = "a form"
	}
	for ctx.Err() == nil {
		res, text, err := ask(&c.client, g.address, c.method, "akira.y.example.com", body)
		if err != nil || res.StatusCode != 200 {
			g.Errorf("%s: %v %v %s", c.method, err, res, text)
			return
		}
		c.done.Add(1)
	}
}

func TestRedeployments_under_load_fail_no_request(t *testing.T) {
	g := newRig(t)
	old, address := server(t, &http.Server{Handler: echoes("0")})
	g.set(ready(address))
	var callers []*caller
	for i := range 24 {
		c := &caller{method: []string{"GET", "POST"}[i%2]}
		c.client.Transport = &http.Transport{DisableKeepAlives: i >= 20}
		callers = append(callers, c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for _, c := range callers {
		all.Go(func() { c.run(ctx, g) })
	}
	// Whatever was on its way to the old instance is over once each has had two answers more.
	settle := func() {
		for i, c := range callers {
			at := c.done.Load()
			await.True(t, fmt.Sprint("caller ", i, " has two more answers"), func() bool { return t.Failed() || c.done.Load() >= at+2 })
		}
	}
	for n := range 4 {
		settle()
		next, address := server(t, &http.Server{Handler: echoes(fmt.Sprint(n + 1))})
		g.set(ready(address))
		settle()
		if err := old.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		old = next
	}
	settle()
	cancel()
	all.Wait()
	if _, text := g.ask("GET", "akira.y.example.com", ""); text != "4 GET " {
		t.Errorf("the last one answers %q", text)
	}
}

// retries are how often the router tried a request again.
func (g *rig) retries() float64 {
	all, err := g.router.metrics.all.Gather()
	if err != nil {
		g.Fatal(err)
	}
	for _, family := range all {
		if family.GetName() == "previewd_route_retries_total" {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	g.Fatal("there is no such metric")
	return 0
}

func TestRequests_wait_for_the_instance_that_takes_the_place_of_one_that_is_gone(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		g := newRig(t)
		g.set(ready(registrytest.Address()))
		answers := make(chan string, 1)
		go func() {
			_, text, err := ask(http.DefaultClient, g.address, method, "akira.y.example.com", "")
			answers <- fmt.Sprint(text, err)
		}()
		await.True(t, "it was tried again", func() bool { return g.retries() >= 1 })
		g.set(ready(app(t, echoes("new"))))
		if got, want := <-answers, "new "+method+" <nil>"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAn_instance_that_takes_no_connection_is_passed_over(t *testing.T) {
	g := newRig(t)
	g.set(ready(registrytest.Address(), app(t, echoes("well"))))
	for range 6 {
		if res, text := g.ask("POST", "akira.y.example.com", "abc"); res.StatusCode != 200 || text != "well POST abc" {
			t.Errorf("%d %s", res.StatusCode, text)
		}
	}
}

func TestA_connection_that_the_instance_closed_fails_no_request(t *testing.T) {
	g := newRig(t)
	// It closes connections that have been idle for a moment, as some do in the moment of the next request.
	_, address := server(t, &http.Server{Handler: echoes("app"), IdleTimeout: 100 * time.Microsecond})
	g.set(ready(address))
	for i := range 200 {
		method := []string{"POST", "GET"}[i%2]
		if res, text := g.ask(method, "akira.y.example.com", "abc"[:3*((i+1)%2)]); res.StatusCode != 200 {
			t.Fatalf("request %d, %s: %d %s", i, method, res.StatusCode, text)
		}
	}
}

func TestTERM_lets_requests_end(t *testing.T) {
	g := newRig(t)
	came, go_on := make(chan bool), make(chan bool)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		close(came)
		<-go_on
		io.WriteString(w, "whole")
	})))
	answers := make(chan string, 1)
	go func() {
		_, text, err := ask(http.DefaultClient, g.address, "GET", "akira.y.example.com", "")
		answers <- fmt.Sprint(text, err)
	}()
	<-came
	left := make(chan bool)
	go func() { g.stop(); close(left) }()
	await.True(t, "no new connections are taken", func() bool {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
		_, err := client.Head("http://" + g.address)
		return err != nil
	})
	close(go_on)
	if got := <-answers; got != "whole<nil>" {
		t.Errorf("the request that was open: %s", got)
	}
	<-left
}
