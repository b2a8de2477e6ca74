package filterer

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/netnstest"
	"rundock/internal/nft/live"
	"rundock/internal/preview"
	"rundock/internal/sitefilter"
	"rundock/supervisor/process"
)

func TestKeep_puts_the_table_and_puts_right_what_others_change(t *testing.T) {
	ns := netnstest.New(t, "host")
	s := sitefilter.Settings{
		Version: 1, Host: "a", Private: "eth0", Public: "eth0", Hosts: map[string]netip.Addr{"a": netip.MustParseAddr("10.0.0.1"), "b": netip.MustParseAddr("10.0.0.2")},
		Services: []sitefilter.Service{{Name: "etcd", Ports: []sitefilter.Port{{Number: 2379, Proto: "tcp"}}, From: sitefilter.FromHosts}},
	}
	var conn *live.Conn
	var err error
	ns.Do(func() { conn, err = live.Open() })
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	f := newFilterer(s, "digest", conn, nil, control.FilterStatus{}, process.NewLogger())
	f.dir = t.TempDir()
	around := sitefilter.Surroundings{Devices: []string{"docker0"}}
	keep := func(what string, changes, healed int) {
		t.Helper()
		f.keep(around)
		said, err := control.ReadFilter(f.dir)
		if err != nil || said.Reason != "" || said.Changes != changes || said.Healed != healed {
			t.Errorf("%s: %+v, %v; want %d changes, %d of them of others'", what, said, err, changes, healed)
		}
		if due, err := compare(conn, s, around); err != nil || due != nil {
			t.Errorf("%s: there is left to do: %v, %v", what, due, err)
		}
	}
	ns.Sh("nft add table inet others; nft add chain inet others mine '{ type filter hook input priority 0; }'")
	keep("at first", 1, 0)
	keep("again", 1, 0)
	around.Ports = []sitefilter.Port{{Number: 8086, Proto: "tcp"}}
	keep("another port", 2, 0)
	for i, damage := range []string{
		"nft flush ruleset inet; nft add table inet others",
		"nft delete table inet rundock_filter",
		"nft flush chain inet rundock_filter containers",
		"nft insert rule inet rundock_filter input accept",
		"nft delete element inet rundock_filter hosts '{ 10.0.0.2 }'",
		"nft add element inet rundock_filter hosts '{ 10.0.0.9 }'",
		"nft 'chain inet rundock_filter input { policy drop; }'",
	} {
		ns.Sh(damage)
		keep(damage, 3+i, 1+i)
	}
	if there, err := remove(conn); !there || err != nil {
		t.Errorf("remove = %v, %v", there, err)
	}
	if there, err := remove(conn); there || err != nil {
		t.Errorf("remove again = %v, %v", there, err)
	}
	ns.Sh("nft list table inet others")
}

// What dockerd has not said yet is what was known before.
func TestAround_is_what_the_predecessor_knew_until_dockerd_answers(t *testing.T) {
	f := newFilterer(sitefilter.Settings{}, "", nil, nil, control.FilterStatus{Devices: []string{"mine0"}, Ports: []string{"8086/tcp"}}, process.NewLogger())
	f.dir = t.TempDir()
	if got := f.around(); len(got.Ports) != 1 || got.Ports[0].Number != 8086 {
		t.Errorf("before dockerd answers: %+v", got)
	}
	f.published = outlets{known: true}
	if got := f.around(); len(got.Ports) != 0 {
		t.Errorf("once dockerd says that nothing is published: %+v", got)
	}
	f.published.Ports = append(f.published.Ports, container.HostPort{IP: netip.IPv4Unspecified(), Port: 80, Proto: "tcp"}, container.HostPort{IP: netip.MustParseAddr("127.0.0.1"), Port: 81, Proto: "tcp"})
	if got := f.around(); len(got.Ports) != 1 || got.Ports[0].Number != 80 {
		t.Errorf("a port of 127.0.0.1 is for the host alone: %+v", got)
	}
}

func TestAround_confines_networks_of_builds_and_previews(t *testing.T) {
	f := newFilterer(sitefilter.Settings{}, "", nil, nil, control.FilterStatus{Confined: []string{"ovl5"}}, process.NewLogger())
	f.dir = t.TempDir()
	if got := f.around().Confined; !slices.Equal(got, []string{"ovl5"}) {
		t.Errorf("before dockerd answers: %q", got)
	}
	f.published = outlets{known: true}
	f.published.Bridges = []container.Bridge{{Device: "docker0", Network: "bridge"}, {Device: "ovl7", Network: "preview-akira_default"}, {Device: "ovl8", Network: "shop_default"}, {Device: "br-0f1e2d3c4b5a", Network: preview.BuildNetwork}}
	got := f.around()
	if want := []string{"br-0f1e2d3c4b5a", "ovl7", "vx7"}; !slices.Equal(got.Confined, want) || !slices.Contains(got.Devices, "ovl7") {
		t.Errorf("confined are %q among %q, want %q", got.Confined, got.Devices, want)
	}
}

func TestAnnounced_ports_are_those_at_addresses_of_the_host(t *testing.T) {
	dir := t.TempDir()
	says := func(service string, state control.AnnounceState, r control.Record) {
		t.Helper()
		if err := control.WriteAnnounce(dir, control.AnnounceStatus{Service: service, State: state, Records: []control.Record{r}, Since: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	var a announced
	want := func(what, ports string) {
		t.Helper()
		got := strings.Join(portTexts(sitefilter.Surroundings{Ports: a.ports(dir)}.Normal().Ports), " ")
		if got != ports {
			t.Errorf("%s: announced at the host are %q, want %q", what, got, ports)
		}
	}
	want("nothing", "")
	says("web", control.Announced, control.Record{Host: "127.0.0.1", Port: 8080})
	says("inside", control.Announced, control.Record{Host: "10.42.1.2", Port: 9090})
	want("at first", "8080/tcp 8080/udp")
	// What is not replaced is not read again: there would be nothing to read.
	web := filepath.Join(dir, "web", "announce.json")
	info, err := os.Stat(web)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(web)
	if err == nil {
		err = errors.Join(os.WriteFile(web, bytes.Repeat([]byte("x"), len(text)), 0o644), os.Chtimes(web, time.Time{}, info.ModTime()))
	}
	if err != nil {
		t.Fatal(err)
	}
	want("unchanged", "8080/tcp 8080/udp")
	says("web", control.Announced, control.Record{Host: "127.0.0.1", Port: 8081})
	want("replaced", "8081/tcp 8081/udp")
	says("web", control.Withdrawn, control.Record{Host: "127.0.0.1", Port: 8081})
	want("withdrawn", "")
	says("web", control.Announced, control.Record{Host: "127.0.0.1", Port: 8081})
	if err := os.RemoveAll(filepath.Dir(web)); err != nil {
		t.Fatal(err)
	}
	want("gone", "")
}
