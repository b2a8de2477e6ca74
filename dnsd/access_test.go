package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/pki"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/stack/network"
	stackrelease "rundock/internal/stack/release"
	"rundock/supervisor/draining"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// TestAccess has an etcd that serves certificates ask what each may do, and takes that
// back, while a record is held.
func TestAccess(t *testing.T) {
	a := newAuthority(t)
	all := newKeepers(t, "a b c")
	all.certify(a)
	one, k := all[:1], all[0]
	k.lone, k.client = true, strings.Replace(k.client, "http:", "https:", 1)
	k.members = k.members[:3] // without peers
	a.issue("dns-b", pki.Wanted{Subject: "dns:b", Profile: pki.Client})
	k.certificates = []string{"--etcd-ca=" + a.file("ca.crt"), "--etcd-cert=" + a.file("etcd-a.crt"), "--etcd-key=" + a.file("etcd-a.key")}
	one.start()
	access := func(args ...string) string {
		t.Helper()
		return mustTyped(t, append([]string{"access", "--zone=s.prod.example.com", "--host-config=" + hostFile(t), "--etcd=" + k.client}, append(k.certificates, args...)...)...)
	}
	site := []string{"align", "--hosts=a=node-a,b=node-b", "--keepers=a"}
	held := hold(t, etcd.Config{Endpoints: one.clients(), CA: a.file("ca.crt"), Cert: a.file("host-b.crt"), Key: a.file("host-b.key")})
	as := func(name string) *clientv3.Client { return one.secureEtcd(t, a, name) }
	hostB, dnsB, stranger := as("host-b"), as("dns-b"), as("host-c")

	if out := access(append(site, "--check")...); !strings.Contains(out, "would have user host:b made\n") || !strings.HasPrefix(access(), "etcd asks nobody") {
		t.Errorf("check says:\n%s", out)
	}
	if out := access(append(site, "--enforce")...); !strings.HasSuffix(out, "etcd asks who may do what\n") {
		t.Errorf("align says:\n%s", out)
	}
	if out := access(append(site, "--enforce")...) + access(site...); out != "" {
		t.Errorf("align says again:\n%s", out)
	}

	put := func(client *clientv3.Client, key string) error {
		_, err := client.Put(t.Context(), key, "x")
		return err
	}
	get := func(client *clientv3.Client, prefix string) error {
		_, err := client.Get(t.Context(), prefix, clientv3.WithPrefix())
		return err
	}
	// Done by a host that has a role besides, and then has it no more.
	of := func(flag string, does func() error) func() error {
		return func() error {
			access(append(site, flag)...)
			defer access(site...)
			return does()
		}
	}
	const record = "/skydns/com/example/prod/s/web/b2"
	for what, c := range map[string]struct {
		does    func() error
		allowed bool
	}{
		"a host announces":                                {func() error { return put(hostB, record) }, true},
		"a host reads what templates ask for":             {func() error { return get(hostB, "/") }, true},
		"a host is registered as a load balancer":         {func() error { return put(hostB, "/rundock/v1/loadbalancers/node-b") }, true},
		"a host leads a switch":                           {func() error { return put(hostB, "/rundock/v1/switch/web") }, true},
		"a host takes its turn to be drained":             {func() error { return put(hostB, draining.TurnKey) }, true},
		"a host has a place in a network":                 {func() error { return put(hostB, "/rundock/v1/overlay/apps/subnets/10.42.3.0-24") }, true},
		"a host registers another one":                    {func() error { return put(hostB, "/rundock/v1/loadbalancers/node-a") }, false},
		"a host writes the release of a stack":            {func() error { return put(hostB, "/rundock/v1/stacks/shop/current") }, false},
		"a host takes a subnet for networks of stacks":    {func() error { return put(hostB, network.Key) }, false},
		"a host that keeps etcd leads a stack":            {func() error { return put(as("host-a"), "/rundock/v1/stacks/shop/current") }, true},
		"a host writes another zone":                      {func() error { return put(hostB, "/skydns/com/example/prod/t/web") }, false},
		"a host writes an operator's key":                 {func() error { return put(hostB, "/app/config") }, false},
		"a host that keeps etcd writes an operator's":     {func() error { return put(as("host-a"), "/app/config") }, true},
		"a host adds a member":                            {func() error { _, err := hostB.MemberAdd(t.Context(), []string{"http://10.0.0.1:2380"}); return err }, false},
		"a host takes a backup":                           {func() error { return takeSnapshot(t.Context(), hostB) }, false},
		"a host makes a user":                             {func() error { _, err := hostB.UserAdd(t.Context(), "x", "y"); return err }, false},
		"a host has nobody asked":                         {func() error { _, err := hostB.AuthDisable(t.Context()); return err }, false},
		"a host that keeps etcd adds a user":              {func() error { _, err := as("host-a").UserAdd(t.Context(), "x", "y"); return err }, false},
		"a builder writes states of previews":             {of("--builders=b", func() error { return put(hostB, preview.StateKey("akira")) }), true},
		"a builder writes what is wanted of previews":     {of("--builders=b", func() error { return put(hostB, ledger.WishPrefix+"akira") }), true},
		"a builder leads a stack that is a preview":       {of("--builders=b", func() error { return put(hostB, stackrelease.CurrentKey(preview.StackOf("akira"))) }), true},
		"a builder takes subnets for networks of stacks":  {of("--builders=b", func() error { return put(hostB, network.Key) }), true},
		"a builder notes the key of stacks' secrets":      {of("--builders=b", func() error { return put(hostB, stackrelease.NoteKey) }), true},
		"a builder leads another stack":                   {of("--builders=b", func() error { return put(hostB, stackrelease.CurrentKey("shop")) }), false},
		"a builder writes an operator's key":              {of("--builders=b", func() error { return put(hostB, "/app/config") }), false},
		"a router has a preview woken":                    {of("--routers=b", func() error { return put(hostB, preview.WakeKey("akira")) }), true},
		"a router says when a preview was used":           {of("--routers=b", func() error { return put(hostB, preview.UsedKey("akira", "node-b")) }), true},
		"a router writes states of previews":              {of("--routers=b", func() error { return put(hostB, preview.StateKey("akira")) }), false},
		"a router writes what is wanted of previews":      {of("--routers=b", func() error { return put(hostB, ledger.WishPrefix+"akira") }), false},
		"a router leads a stack":                          {of("--routers=b", func() error { return put(hostB, stackrelease.CurrentKey(preview.StackOf("akira"))) }), false},
		"a page writes what is wanted of previews":        {of("--pages=b", func() error { return put(hostB, ledger.WishPrefix+"akira") }), true},
		"a page writes repositories":                      {of("--pages=b", func() error { return put(hostB, ledger.RepoPrefix+"shop") }), true},
		"a page writes settings":                          {of("--pages=b", func() error { return put(hostB, settings.Global.Key()) }), true},
		"a page writes events":                            {of("--pages=b", func() error { return put(hostB, ledger.EventPrefix+"1-akira") }), true},
		"a page writes states of previews":                {of("--pages=b", func() error { return put(hostB, preview.StateKey("akira")) }), false},
		"a page says that it is a builder":                {of("--pages=b", func() error { return put(hostB, preview.WorkerKey("node-b")) }), false},
		"a page leads a stack":                            {of("--pages=b", func() error { return put(hostB, stackrelease.CurrentKey(preview.StackOf("akira"))) }), false},
		"a host writes states of previews":                {func() error { return put(hostB, preview.StateKey("akira")) }, false},
		"a host has a preview woken":                      {func() error { return put(hostB, preview.WakeKey("akira")) }, false},
		"a host writes what is wanted of previews":        {func() error { return put(hostB, ledger.WishPrefix+"akira") }, false},
		"dnsd reads records":                              {func() error { return get(dnsB, "/skydns/") }, true},
		"dnsd writes records":                             {func() error { return put(dnsB, record) }, false},
		"dnsd reads what is no record":                    {func() error { return get(dnsB, "/rundock/") }, false},
		"a host that is none of the site's reads":         {func() error { return get(stranger, "/skydns/") }, false},
		"a host that is none of the site's makes a lease": {func() error { return put(stranger, record) }, false},
	} {
		switch err := c.does(); {
		case c.allowed && err != nil:
			t.Errorf("%s: %v, want that it may", what, err)
		case !c.allowed && !denied(err):
			t.Errorf("%s: %v, want that it may not", what, err)
		}
	}
	client, err := etcd.Open(etcd.Config{Endpoints: one.clients(), CA: a.file("ca.crt"), Cert: a.file("host-b.crt"), Key: a.file("host-b.key")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Swap(t.Context(), registry.Swap{Key: "/app/config", New: []byte("x")})
	if want := "write /app/config: etcd: permission denied: the certificate of this host does not open that: have a host of rundock_etcd do it"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("of an operator's key it is said: %v; want %s", err, want)
	}
	access(append(site, "--builders=b", "--routers=b", "--pages=b")...)
	if err := put(hostB, preview.StateKey("akira")); err != nil {
		t.Error(err)
	}
	if out := access(append(site, "--add")...); out != "" {
		t.Errorf("align --add says:\n%s", out)
	}
	if out := access(site...); strings.Count(out, "user host:b has no longer role preview:") != 3 || !denied(put(hostB, preview.StateKey("akira"))) || !denied(put(hostB, preview.WakeKey("akira"))) {
		t.Errorf("a host is of previews no more, and align says:\n%s", out)
	}
	await.True(t, "dnsd has what was announced", func() bool { return len(k.dnsd.addresses("web.s.prod.example.com.")) > 0 })
	file := filepath.Join(t.TempDir(), "backup.db")
	if out, err := one.align(t, one); err != nil || out != "" {
		t.Errorf("align of members gives %v:\n%s", err, out)
	}

	if out := access(append(site, "--writable=/app/")...); out != "role host may write keys below /app/\n" || put(hostB, "/app/config") != nil {
		t.Errorf("keys for all hosts: align says:\n%s", out)
	}
	if out := access("align", "--hosts=a=node-a", "--keepers=a", "--gone=c"); out != "role host may no longer write keys below /app/\n" {
		t.Errorf("for another host align says:\n%s", out)
	}
	if lost := held.lost.Load(); lost != "" {
		t.Errorf("the record that was held was gone: %s", lost)
	}
	if out := access("align", "--hosts=a=node-a", "--keepers=a", "--gone=b"); strings.Count(out, "removed\n") != 3 || !denied(put(hostB, record)) {
		t.Errorf("a host is gone, and align says:\n%s", out)
	}

	// It is known again, and forgotten alone.
	access(site...)
	if out := access("forget", "--gone=b", "--check"); strings.Count(out, "would have ") != 3 || put(hostB, record) != nil {
		t.Errorf("forget --check says:\n%s", out)
	}
	if out := access("forget", "--gone=b") + access("forget", "--gone=b"); out != "user dns:b removed\nuser host:b removed\nrole host:b removed\n" || !denied(put(hostB, record)) {
		t.Errorf("forget says:\n%s", out)
	}
	if _, _, err := client.List(t.Context(), "/skydns/com/"); err == nil || !strings.Contains(err.Error(), "etcd: permission denied") {
		t.Errorf("a host that was forgotten is told: %v; role trust looks for etcd: permission denied", err)
	}
	if out := access(site...); !strings.Contains(out, "user host:b made\n") {
		t.Errorf("align of a host that was forgotten says:\n%s", out)
	}

	if out := access("release") + access("release"); out != "etcd no longer asks who may do what\n" || put(stranger, "/anything") != nil {
		t.Errorf("release says:\n%s", out)
	}
	access(append(site, "--enforce")...)
	if err := put(stranger, "/anything"); !denied(err) {
		t.Errorf("asked again: %v", err)
	}
	mustTyped(t, "store", "backup", "--dir", k.dir, file)
	k.dnsd.cmd.Process.Signal(syscall.SIGTERM)
	if err := errors.Join(k.dnsd.ended(t), store.Stop(k.dir, patience)); err != nil {
		t.Fatal(err)
	}
	mustTyped(t, "store", "restore", "--dir", k.dir, file)
	one.start()
	mustTyped(t, "store", "wait", "--dir", k.dir, "--listen", k.client, "--timeout", patience.String())
	if out := access(); !strings.HasPrefix(out, "etcd asks nobody") || !strings.Contains(strings.Join(strings.Fields(out), " "), " host:b host, host:b root ") {
		t.Errorf("a store that was restored says:\n%s", out)
	}
	if out := access(append(site, "--enforce")...); out != "etcd asks who may do what\n" {
		t.Errorf("align of a store that was restored says:\n%s", out)
	}
}

func takeSnapshot(ctx context.Context, client *clientv3.Client) error {
	r, err := client.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = r.Read(make([]byte, 1))
	return err
}

func denied(err error) bool {
	if err == nil {
		return false
	}
	for _, refusal := range []error{rpctypes.ErrPermissionDenied, rpctypes.ErrUserNotFound, rpctypes.ErrUserEmpty} {
		if strings.Contains(err.Error(), refusal.Error()) {
			return true
		}
	}
	return false
}
