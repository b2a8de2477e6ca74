package clients

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
)

// goResolver asks by the resolver that is part of every Go program.
func goResolver(t *testing.T, s *site) {
	r := &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+s.dnsd.port)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, c := range []struct {
		service, proto, name string
		want                 int
		one                  net.SRV
	}{
		{"http", "tcp", "web", 3, net.SRV{Target: "node-2.web." + zone + ".", Port: 80, Priority: 10, Weight: 33}},
		{"admin", "tcp", "web", 1, net.SRV{Target: "node-1._admin._tcp.web." + zone + ".", Port: 9000, Priority: 10, Weight: 100}},
		{"", "", "web", 3, net.SRV{Target: "node-3.web." + zone + ".", Port: 80, Priority: 10, Weight: 33}},
		// More than fit: over TCP.
		{"http", "tcp", "many", 60, net.SRV{Target: "node-59.many." + zone + ".", Port: 80, Priority: 10, Weight: 1}},
	} {
		_, all, err := r.LookupSRV(ctx, c.service, c.proto, c.name+"."+zone+".")
		has := slices.ContainsFunc(all, func(one *net.SRV) bool { return *one == c.one })
		if err != nil || len(all) != c.want || !has {
			t.Errorf("LookupSRV(%q, %q, %q) has %d records, with %v: %v (%v), want %d", c.service, c.proto, c.name, len(all), c.one, has, err, c.want)
		}
	}
	for _, c := range []struct {
		name string
		want string
	}{
		{"web", "[127.9.0.1 127.9.0.2 127.9.0.3]"},
		{"node-2.web", "[127.9.0.2]"},
		{"dual", "[127.9.0.5 fd00::5]"},
		{"six", "[fd00::6]"},
		{"alias", "[127.9.0.1 127.9.0.2 127.9.0.3]"},
	} {
		all, err := r.LookupHost(ctx, c.name+"."+zone+".")
		if slices.Sort(all); err != nil || fmt.Sprint(all) != c.want {
			t.Errorf("LookupHost(%q) = %v, %v, want %s", c.name, all, err, c.want)
		}
	}
	if all, err := r.LookupHost(ctx, "many."+zone+"."); err != nil || len(all) != 60 {
		t.Errorf("LookupHost(many) has %d addresses (%v), want 60", len(all), err)
	}
	if names, err := r.LookupAddr(ctx, "127.9.0.2"); err != nil || fmt.Sprint(names) != "[node-2.web."+zone+".]" {
		t.Errorf("LookupAddr(127.9.0.2) = %v, %v", names, err)
	}
	if texts, err := r.LookupTXT(ctx, "note."+zone+"."); err != nil || fmt.Sprint(texts) != `[all is "well"; more or less]` {
		t.Errorf("LookupTXT(note) = %q, %v", texts, err)
	}
	if mx, err := r.LookupMX(ctx, "post."+zone+"."); err != nil || len(mx) != 1 || *mx[0] != (net.MX{Host: "mx1.post." + zone + ".", Pref: 5}) {
		t.Errorf("LookupMX(post) = %v, %v", mx, err)
	}
	if name, err := r.LookupCNAME(ctx, "alias."+zone+"."); err != nil || name != "web."+zone+"." {
		t.Errorf("LookupCNAME(alias) = %q, %v", name, err)
	}
	// What is not there is told from what could not be asked: gRPC asks for
	// _grpc_config, for one, of every name.
	_, nope := r.LookupHost(ctx, "nope."+zone+".")
	_, none := r.LookupTXT(ctx, "web."+zone+".")
	_, config := r.LookupTXT(ctx, "_grpc_config.web."+zone+".")
	for what, err := range map[string]error{"no such name": nope, "nothing of the type": none, "_grpc_config": config} {
		var e *net.DNSError
		if !errors.As(err, &e) || !e.IsNotFound || e.IsTemporary {
			t.Errorf("%s is %v, want not found", what, err)
		}
	}
}
