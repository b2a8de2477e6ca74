package runner

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
)

func TestIsWell(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	open := int(netip.MustParseAddrPort(listener.Addr().String()).Port())
	began := time.Unix(1000, 0)
	state := func(health string) container.State {
		return container.State{Exists: true, Running: true, ID: "c", Health: health, StartedAt: began, Addresses: map[string]netip.Addr{"bridge": netip.MustParseAddr("127.0.0.1")}}
	}
	at := func(port int, check announce.CheckType) *announce.Config {
		return &announce.Config{HasContainer: true, Ports: []announce.Port{{Port: port, Check: announce.Check{Type: check}}}}
	}
	for _, c := range []struct {
		claim  string
		config *announce.Config
		health string
		after  time.Duration
		want   string // why not; "": it is
	}{
		{"without any check, once it has run for a while", nil, "", control.Steady, ""},
		{"and not before", nil, "", time.Second, "it is up for 1s, wanted are 2s"},
		{"a HEALTHCHECK decides", nil, "healthy", 0, ""},
		{"as long as it takes", nil, "starting", time.Hour, "its HEALTHCHECK is starting"},
		{"a port that is announced has to be open", at(open, announce.CheckTCP), "", 0, ""},
		{"or it is not well, however long it runs", at(1, announce.CheckTCP), "", time.Hour, "connection refused"},
		{"both have to be well", at(1, announce.CheckTCP), "healthy", time.Hour, "connection refused"},
		{"an announcement may go by the HEALTHCHECK alone", at(1, ""), "healthy", 0, ""},
	} {
		err := isWell(t.Context(), c.config, state(c.health), began.Add(c.after))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.claim, err, c.want)
		}
	}
}
