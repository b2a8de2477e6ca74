package switching

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/pause"
)

const (
	pollEvery   = 500 * time.Millisecond
	pollAgain   = 100 * time.Millisecond // while an instance is not well: a switch waits for it
	pollTimeout = 2 * time.Second
)

// poller polls the instances of a colour, as the record of one says that its own
// host finds it healthy, and not that others reach it.
type poller struct {
	path string // of HTTP; "": TCP alone

	mu     sync.Mutex
	faults map[string]string // by address
}

// run polls those that list gives until ctx is done, and calls on after each round.
func (p *poller) run(ctx context.Context, list func() []cutover.Instance, on func()) {
	for ctx.Err() == nil {
		wait := pollEvery
		if !p.round(ctx, list()) {
			wait = pollAgain
		}
		on()
		pause.For(ctx, wait)
	}
}

// round polls each once, and forgets all others. It says whether all are well.
func (p *poller) round(ctx context.Context, instances []cutover.Instance) (well bool) {
	faults := map[string]string{}
	var mu sync.Mutex
	var polls sync.WaitGroup
	for _, i := range instances {
		polls.Go(func() {
			fault := p.poll(ctx, i.Address)
			mu.Lock()
			defer mu.Unlock()
			faults[i.Address] = fault
		})
	}
	polls.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
	for _, fault := range faults {
		if fault != "" {
			return false
		}
	}
	return len(faults) > 0
}

// polled are instances with what the last round found.
func (p *poller) polled(instances []cutover.Instance) []cutover.Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, i := range instances {
		if fault, ok := p.faults[i.Address]; ok {
			instances[n].Fault = fault
		}
	}
	return instances
}

// poll says why the instance at address is not well; "" where it is.
func (p *poller) poll(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	if p.path == "" {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+p.path, nil)
	if err != nil {
		return err.Error()
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode >= 400 {
		return fmt.Sprintf("GET %s: %s", p.path, resp.Status)
	}
	return ""
}
