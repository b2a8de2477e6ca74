package haproxy_test

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/haproxy"
	"rundock/internal/haproxy/haproxytest"
)

// app is an instance of a service: it answers with its own name.
func app(t *testing.T, listener net.Listener, name string) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, name+" "+r.Header.Get("X-Forwarded-Proto"))
	})}
	t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
}

func listen(t *testing.T, at string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func get(t *testing.T, url, host string) (status int, body string) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(data)
}

func settings(t *testing.T, text string) haproxy.Settings {
	t.Helper()
	s, err := haproxy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlan_brings_an_instance_into_rotation_only_when_it_was_checked(t *testing.T) {
	server, front, at := haproxytest.New(t), haproxytest.Address(), haproxytest.Address()
	s := settings(t, `{"version": 1, "frontends": [{"name": "web", "bind": ["`+front+`"], "service": "shop"}], "services": [{"name": "shop", "slots": 2, "check": {"path": "/"}}]}`)
	server.Write(s, map[string]haproxy.Route{"shop": {Backend: "shop"}})
	server.Start()
	server.Answers(haproxy.Topology(s, server.Site))
	want := []netip.AddrPort{netip.MustParseAddrPort(at)}
	step := func() haproxy.Servers {
		t.Helper()
		all, err := server.Socket().Backends()
		if err != nil {
			t.Fatal(err)
		}
		commands, full := haproxy.Plan("shop", all["shop"].Slots, want)
		if err := server.Socket().Do(commands); err != nil || full != "" {
			t.Fatal(err, full)
		}
		return all["shop"]
	}
	await.True(t, "the check of an instance that does not listen fails", func() bool { return step().Failed() > 0 })
	if now := step(); now.Slots[0].Status == "UP" || strings.HasPrefix(now.Slots[0].Status, "UP ") {
		t.Errorf("an instance that does not listen is %s", now.Slots[0].Status)
	}
	app(t, listen(t, at), "late")
	await.True(t, "the instance is up", func() bool { return step().Up() == 1 })
	if status, body := get(t, "http://"+front, "shop"); status != 200 || body != "late http" {
		t.Errorf("the answer is %d %q", status, body)
	}
	await.True(t, "HAProxy has counted the request", func() bool { now := step(); return now.Requests == 1 && now.Sessions == 0 })
	if now := step(); now.Errors != 0 || now.Slots[0].Addr != want[0] {
		t.Errorf("HAProxy says %+v", now)
	}
	want = nil
	await.True(t, "the slot is free again", func() bool { now := step().Slots[0]; return now.Status == "MAINT" && !now.Addr.IsValid() })
}

func TestRoutes_send_requests_to_services_and_colours(t *testing.T) {
	server, front := haproxytest.New(t), haproxytest.Address()
	s := settings(t, `{"version": 1, "frontends": [{"name": "web", "bind": ["`+front+`"], "service": "shop", "rules": [
		{"hosts": ["api.example.com", "*.api.example.com"], "paths": ["/v1"], "service": "api"},
		{"hosts": ["none.example.com"], "service": "none"}]}]}`)
	at := map[string]string{}
	routes := map[string]haproxy.Route{"shop": {Backend: "shop-blue"}, "api": {Backend: "api"}, "none": {Backend: "none"}}
	server.Write(s, routes)
	server.Start()
	server.Answers(haproxy.Topology(s, server.Site))
	for _, backend := range []string{"shop-blue", "shop-green", "api"} {
		at[backend] = haproxytest.Address()
		app(t, listen(t, at[backend]), backend)
		await.True(t, backend+" is up", func() bool {
			all, err := server.Socket().Backends()
			if err != nil {
				t.Fatal(err)
			}
			commands, _ := haproxy.Plan(backend, all[backend].Slots, []netip.AddrPort{netip.MustParseAddrPort(at[backend])})
			if err := server.Socket().Do(commands); err != nil {
				t.Fatal(err)
			}
			return all[backend].Up() == 1
		})
	}
	for _, c := range []struct {
		host, path, want string
		status           int
	}{
		{"shop.example.com", "/", "shop-blue http", 200},
		{"API.example.com:8080", "/v1", "api http", 200},
		{"a.api.example.com", "/v1/x", "api http", 200},
		{"api.example.com", "/v10", "shop-blue http", 200},
		{"none.example.com", "/", "", 503},
	} {
		if status, body := get(t, "http://"+front+c.path, c.host); status != c.status || c.want != "" && body != c.want {
			t.Errorf("%s%s gives %d %q, want %d %q", c.host, c.path, status, body, c.status, c.want)
		}
	}
	move := func(r haproxy.Route) {
		t.Helper()
		now, err := server.Socket().Routes(server.Site)
		if err == nil {
			err = server.Socket().Do(haproxy.MapCommands(server.Site, now, map[string]haproxy.Route{"shop": r}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	move(haproxy.Route{Backend: "shop-blue", Canary: "shop-green", Share: haproxy.Share(30)})
	count := map[string]int{}
	for range 200 {
		_, body := get(t, "http://"+front, "shop")
		count[body]++
	}
	// Of 200 requests 60 are expected; that it is less than 20 or more than 100 never happens.
	if n := count["shop-green http"]; n < 20 || n > 100 || count["shop-blue http"] != 200-n {
		t.Errorf("with a share of 30 %% the answers are %v", count)
	}
	move(haproxy.Route{Backend: "shop-green"})
	for range 20 {
		if _, body := get(t, "http://"+front, "shop"); body != "shop-green http" {
			t.Fatalf("after the flip %q answers", body)
		}
	}
}

func TestSocket_errors_name_the_command(t *testing.T) {
	server, front := haproxytest.New(t), haproxytest.Address()
	if _, err := server.Socket().Info(); err == nil || !strings.Contains(err.Error(), "haproxy: show info: ") || !strings.Contains(err.Error(), server.Site.Socket) {
		t.Errorf("without HAProxy: %v", err)
	}
	s := settings(t, `{"version": 1, "frontends": [{"name": "web", "bind": ["`+front+`"], "service": "shop"}]}`)
	server.Write(s, map[string]haproxy.Route{"shop": {Backend: "shop"}})
	server.Start()
	server.Answers(haproxy.Topology(s, server.Site))
	for command, want := range map[string]string{
		"set server shop/s99 state drain":                   "No such server",
		"set server shop/s1 addr x port 1":                  "Invalid addr",
		"set map " + server.Site.Folder + "/other.map a b":  "Unknown map identifier",
		"set map " + server.Site.Folder + "/routes.map a b": "entry not found",
		"dance": "Unknown command",
	} {
		if err := server.Socket().Do([]string{command}); err == nil || !strings.Contains(err.Error(), "haproxy: "+command+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}
