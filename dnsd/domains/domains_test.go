package domains

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/fstree"
)

const shop = `{"version":1,"name":"shop_default","cidr":"10.192.0.0/20","subnet_length":26,"vni":100001,"domains":["_back.shop.s.example.com","shop.s.example.com"]}`

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fstree.Replace(filepath.Join(dir, name), 0o644, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func of(n *Networks, client string) string {
	return strings.Join(n.Of(netip.MustParseAddr(client)), " ")
}

func TestOf_goes_by_the_network_of_the_client(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	n := &Networks{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if got := of(n, "10.192.0.2"); got != "" {
		t.Errorf("before Load, Of = %s", got)
	}
	put(t, dir, "shop_default.json", shop)
	put(t, dir, "apps.json", `{"name":"apps","cidr":"10.42.0.0/16"}`)
	put(t, dir, "blog.json", `{"name":"blog","cidr":"10.192.16.0/20","domains":["blog.s.example.com."]}`)
	put(t, dir, "broken.json", `{"cidr":"10.192.0.0`)
	n.Load()
	n.Load()
	for client, want := range map[string]string{
		"10.192.0.2": "_back.shop.s.example.com. shop.s.example.com.", "::ffff:10.192.15.255": "_back.shop.s.example.com. shop.s.example.com.",
		"10.192.16.1": "blog.s.example.com.", "10.42.0.9": "", "127.0.0.1": "", "fd00::1": "",
	} {
		if got := of(n, client); got != want {
			t.Errorf("Of(%s) = %q, want %q", client, got, want)
		}
	}
	if got := strings.Count(log.String(), "broken.json"); got != 1 {
		t.Errorf("the broken file is logged %d times, want once:\n%s", got, log.String())
	}
	if n := (*Networks)(nil); n.Of(netip.MustParseAddr("10.192.0.2")) != nil {
		t.Error("nobody's network has domains")
	}
	if allocations := testing.AllocsPerRun(100, func() { n.Of(netip.MustParseAddr("10.192.16.1")) }); allocations > 0 {
		t.Errorf("Of allocates %v times", allocations)
	}
}

// TestRun follows a folder that comes, is written, goes, and comes again.
func TestRun_follows_the_folder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "overlay")
	n := &Networks{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	defer func() { cancel(); <-done }()
	until := func(what, client, want string) {
		t.Helper()
		await.True(t, what, func() bool { return of(n, client) == want })
	}
	for range 2 {
		put(t, dir, "shop_default.json", shop)
		until("the first network is known", "10.192.0.2", "_back.shop.s.example.com. shop.s.example.com.")
		put(t, dir, "blog.json", `{"cidr":"10.192.16.0/20","domains":["blog.s.example.com"]}`)
		until("another one is known", "10.192.16.2", "blog.s.example.com.")
		put(t, dir, "blog.json", `{"cidr":"10.192.32.0/20","domains":["blog.s.example.com"]}`)
		until("it is elsewhere", "10.192.32.2", "blog.s.example.com.")
		until("it is nowhere else", "10.192.16.2", "")
		if err := os.Remove(filepath.Join(dir, "shop_default.json")); err != nil {
			t.Fatal(err)
		}
		until("the first one is gone", "10.192.0.2", "")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		until("all are gone", "10.192.32.2", "")
	}
}
