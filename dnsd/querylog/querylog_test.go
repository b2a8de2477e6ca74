package querylog

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestShare(t *testing.T) {
	for text, want := range map[string]Share{"off": 0, "all": 1, "1/1": 1, "1/250": 250} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v, want %d", text, s, err, want)
		}
		again, _ := s.MarshalText()
		if err := s.UnmarshalText(again); err != nil || s != want {
			t.Errorf("%q is written as %q", text, again)
		}
	}
	for _, text := range []string{"", "on", "0", "0.1", "1/0", "2/3", "1/-1", "1/9999999999"} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
}

func TestASampleIsThatShare(t *testing.T) {
	l, n := New(10, nil), 0
	for range 10_000 {
		if l.Wants() {
			n++
		}
	}
	if n < 700 || n > 1300 {
		t.Errorf("of 10000 queries 1/10 is %d", n)
	}
	if New(0, nil).Wants() {
		t.Error("off wants a query")
	}
}

// A pipe that nobody reads takes 64 KiB; then who writes to it waits.
func TestAReaderThatIsStuckStopsNobody(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := New(1, w)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		l.Run(ctx)
		close(ended)
	}()
	for l.Dropped() < 100 {
		l.Add(Query{Start: time.Now()})
	}
	cancel()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("Run does not end")
	}
	r.Close() // and so lets go of the writer
}

// FuzzLine has a line of whatever packet, and no more than that.
func FuzzLine(f *testing.F) {
	packet, err := new(dns.Msg).SetQuestion("web.example.com.", dns.TypeSRV).SetEdns0(1232, true).Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packet)
	f.Fuzz(func(t *testing.T, packet []byte) {
		var out bytes.Buffer
		New(1, &out).write(Query{Asked: packet})
		line := out.Bytes()
		if bytes.Count(line, []byte{'\n'}) != 1 || line[len(line)-1] != '\n' || bytes.ContainsFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%x is logged as %q", packet, line)
		}
	})
}
