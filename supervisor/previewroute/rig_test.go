package previewroute

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/route"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor/servedcert"
)

func TestMain(m *testing.M) {
	if part := os.Getenv(benchPart); part != "" {
		playPart(part)
	}
	etcdtest.Main(m)
}

const domain = "y.example.com"

// rig is a router with a listener of its own.
type rig struct {
	*testing.T
	router  *Router
	address string
	woken   atomic.Int32
	stop    func() // as TERM does, and waits until it has left
}

func newRig(t *testing.T, trusted ...string) *rig {
	t.Helper()
	var networks []netip.Prefix
	for _, n := range trusted {
		networks = append(networks, netip.MustParsePrefix(n))
	}
	g := &rig{T: t}
	g.router = newRouter(networks, time.Minute, func(string) { g.woken.Add(1) })
	g.serve(nil)
	return g
}

// serve has the router listen, by TLS where there is a certificate.
func (g *rig) serve(cert *servedcert.Served) {
	g.Helper()
	l, err := net.Listen("tcp", registrytest.Address())
	if err != nil {
		g.Fatal(err)
	}
	g.address = l.Addr().String()
	by := listeners{http: l}
	if cert != nil {
		by = listeners{https: l}
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- g.router.serve(ctx, by, cert, slog.New(slog.DiscardHandler), time.Minute) }()
	stopped := false
	g.stop = func() {
		if stopped {
			return
		}
		stopped = true
		g.router.streams.endAll()
		cancel()
		if err := <-over; err != nil {
			g.Error(err)
		}
	}
	g.Cleanup(func() { g.stop() })
}

// set makes the router's table one of states.
func (g *rig) set(states ...preview.State) {
	all := map[string]*preview.State{}
	for _, s := range states {
		all[s.Name] = &s
	}
	g.router.table.Store(route.NewTable(domain, all))
}

// ready is akira, with its main route at addresses.
func ready(addresses ...string) preview.State {
	return preview.State{Name: "akira", Step: preview.Ready, Commit: "6f3a9c1", Routes: map[string][]string{"": addresses}}
}

// app is an instance, and returns its address.
func app(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	_, address := server(t, &http.Server{Handler: h})
	return address
}

func server(t *testing.T, s *http.Server) (*http.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return s, l.Addr().String()
}

// says is an app that answers with text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) }
}

// ask sends a request to the router as if host was its name; headers are name, value, ...
func (g *rig) ask(method, host, body string, headers ...string) (*http.Response, string) {
	g.Helper()
	res, text, err := ask(http.DefaultClient, g.address, method, host, body, headers...)
	if err != nil {
		g.Fatal(err)
	}
	return res, text
}

func ask(client *http.Client, address, method, host, body string, headers ...string) (*http.Response, string, error) {
	req, err := http.NewRequest(method, "http://"+address+"/", strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res, string(data), err
}
