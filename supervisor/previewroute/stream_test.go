package previewroute

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"rundock/internal/await"
	"rundock/internal/preview"
)

// echo is an app that answers a websocket's messages, each with its own name before it.
func echo(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			conn.WriteMessage(kind, append([]byte(name+" "), data...))
		}
	}
}

// open opens a websocket to akira; talk says something by it and returns the answer.
func (g *rig) open() (talk func() (string, error)) {
	g.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+g.address+"/", http.Header{"Host": {"akira.y.example.com"}})
	if err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { conn.Close() })
	return func() (string, error) {
		if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
			return "", err
		}
		_, data, err := conn.ReadMessage()
		return string(data), err
	}
}

func TestWebsocket_stays_with_the_old_instance_until_a_deadline(t *testing.T) {
	g := newRig(t)
	g.set(ready(app(t, echo("old"))))
	talk := g.open()
	if got, err := talk(); got != "old hello" {
		t.Fatalf("%q, %v", got, err)
	}
	g.set(ready(app(t, echo("new"))))
	const drain = time.Minute
	now := time.Now()
	for _, after := range []time.Duration{0, drain / 2, drain - 1} {
		g.router.streams.sweep(now.Add(after), drain, g.router.table.Load().Has)
		if got, err := talk(); got != "old hello" {
			t.Fatalf("%s after the redeployment: %q, %v", after, got, err)
		}
	}
	fresh := g.open()
	g.router.streams.sweep(now.Add(drain), drain, g.router.table.Load().Has)
	if got, err := talk(); err == nil {
		t.Errorf("after the deadline the old instance says %q", got)
	}
	if got, err := fresh(); got != "new hello" {
		t.Errorf("a new websocket: %q, %v", got, err)
	}
	await.True(t, "the old one is forgotten", func() bool { return g.router.streams.count() == 1 })
}

func TestEvents_come_at_once(t *testing.T) {
	g := newRig(t)
	over := make(chan bool)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		<-over // the first one comes while there is no second one
	})))
	defer close(over)
	req, _ := http.NewRequest("GET", "http://"+g.address, nil)
	req.Host = "akira.y.example.com"
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "data: first\n" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestGRPC_passes(t *testing.T) {
	g := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	instance, service := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(instance, service)
	go instance.Serve(l)
	t.Cleanup(instance.Stop)
	g.set(ready(l.Addr().String()))
	conn, err := grpc.NewClient("passthrough:///"+g.address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority("akira.y.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), await.Deadline)
	defer cancel()
	if res, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil || res.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("Check: %v, %v", res, err)
	}
	if _, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("the status of an error does not pass: %v", err)
	}
	stream, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING} {
		if res, err := stream.Recv(); err != nil || res.Status != want {
			t.Fatalf("Recv: %v, %v, want %s", res, err, want)
		}
		service.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	}
	g.set(preview.State{Name: "akira", Step: preview.Building})
	if _, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("of a preview that is built: %v, want Unavailable", err)
	}
}

// zeros are n of them, and remember how much memory was in use at most.
type zeros struct {
	left  int64
	reads int
	most  *atomic.Uint64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if z.reads++; z.reads%500 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		z.most.Store(max(z.most.Load(), m.HeapAlloc))
	}
	n := int(min(int64(len(p)), z.left))
	z.left -= int64(n)
	return n, nil
}

func TestA_large_body_needs_no_memory(t *testing.T) {
	size := int64(64 << 20)
	if os.Getenv("RUNDOCK_SLOW") != "" {
		size = 1 << 30
	}
	g := newRig(t)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})))
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	req, _ := http.NewRequest("POST", "http://"+g.address, &zeros{left: size, most: &most})
	req.Host, req.ContentLength = "akira.y.example.com", size
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, _ := io.ReadAll(res.Body); string(got) != fmt.Sprint(size) {
		t.Errorf("%s of %d bytes arrived", got, size)
	}
	if grown := int64(most.Load()) - int64(before.HeapAlloc); grown > 64<<20 { // what the collector lets lie is as much as is in use
		t.Errorf("with a body of %d MB, %d MB more were in use", size>>20, grown>>20)
	}
}
