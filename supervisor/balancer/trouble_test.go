package balancer

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/haproxy"
	"rundock/internal/haproxy/haproxytest"
	"rundock/internal/registry"
	"rundock/supervisor/process"
)

// blue is a field whose balancers give an instance of blue the traffic.
func blue(t *testing.T, balancers int) (*field, *app) {
	t.Helper()
	f := newField(t, balancers)
	a := f.app("blue-0", 0)
	f.announce("node-1-blue", cutover.Blue, a.at)
	f.first()
	return f, a
}

// green announces an instance of green.
func (f *field) green(name string) *app {
	a := f.app(name, 0)
	f.announce("node-1-green", cutover.Green, a.at)
	return a
}

func TestStore_that_is_dead_or_comes_back_empty_fails_no_request(t *testing.T) {
	f, a := blue(t, 2)
	load := f.load(8, 4)
	f.server.Kill()
	for _, m := range f.balancers {
		await.True(t, m.name+" says that the store is away", func() bool { return m.read().Store != "" })
	}
	// A balancer that starts without the store leaves HAProxy as it is.
	f.balancers[0].stop(registry.ErrHandOver)
	f.balancers[0].start()
	await.True(t, "the new balancer has looked", func() bool {
		s := f.balancers[0].read().Services["shop"]
		return s.Backend == "shop-blue" && s.Backends["shop-blue"].Up == 1
	})
	f.server.Wipe()
	f.server.Restart()
	for _, m := range f.balancers {
		await.True(t, m.name+" says that the store is back", func() bool { return m.read().Store == "" })
	}
	f.announce("node-1-blue", cutover.Blue, a.at)
	f.first()
	for _, m := range f.balancers {
		if s := m.read().Services["shop"]; s.Backend != "shop-blue" || s.Backends["shop-blue"].Up != 1 {
			t.Errorf("%s: the status is %+v", m.name, s)
		}
	}
	load.end(t)
}

func TestLast_instance_stays_though_the_store_lacks_it(t *testing.T) {
	f, _ := blue(t, 1)
	f.withdraw("node-1-blue")
	m := f.balancers[0]
	await.True(t, "the status says that it is kept", func() bool {
		return strings.Contains(m.read().Services["shop"].Kept, "shop-blue has 0 instances in the store, and the floor is 1")
	})
	if err := post(http.DefaultClient, "http://"+m.front+"/", "x"); err != nil {
		t.Errorf("a request fails: %v", err)
	}
}

func TestReload_and_a_flip_right_after_it_fail_no_request(t *testing.T) {
	f, old := blue(t, 1)
	m := f.balancers[0]
	load := f.load(8, 4)
	before := pid(t, m)
	m.stop(registry.ErrHandOver)
	m.settings = strings.Replace(m.settings, `"slots": 4`, `"slots": 6`, 1)
	m.start()
	await.True(t, "another HAProxy process answers", func() bool { info, err := m.Socket().Info(); return err == nil && info.PID != before })
	f.green("green-1")
	s := f.attempt(func(s *cutover.State) { s.Drain = 90 })
	if s.Active != cutover.Green {
		t.Errorf("the state is %+v", s)
	}
	old.stop()
	load.end(t)
	if m.read().Reloads != 1 {
		t.Errorf("%d reloads, want 1", m.read().Reloads)
	}
}

func TestReload_waits_for_the_end_of_a_switch(t *testing.T) {
	f, old := blue(t, 1)
	m := f.balancers[0]
	load := f.load(8, 4)
	f.begin(func(s *cutover.State) { s.Timeout = 600 })
	m.stop(registry.ErrHandOver)
	m.settings = strings.Replace(m.settings, `"slots": 4`, `"slots": 6`, 1)
	m.start()
	await.True(t, "the reload waits", func() bool {
		return strings.Contains(strings.Join(m.read().Problems, " "), "the reload of HAProxy waits for the end of the switch of shop")
	})
	f.green("green-1")
	s := f.finish()
	if s.Active != cutover.Green {
		t.Errorf("the state is %+v", s)
	}
	await.True(t, "HAProxy has reloaded", func() bool {
		all, err := m.Socket().Backends()
		return err == nil && len(all["shop-green"].Slots) == 6 && all["shop-green"].Up() == 1
	})
	old.stop()
	load.end(t)
}

func pid(t *testing.T, m *member) int {
	t.Helper()
	info, err := m.Socket().Info()
	if err != nil {
		t.Fatal(err)
	}
	return info.PID
}

func TestHAProxy_that_was_killed_has_instances_and_colour_at_once(t *testing.T) {
	f, old := blue(t, 1)
	green := f.green("green-1")
	f.attempt(func(*cutover.State) {})
	old.stop()
	f.withdraw("node-1-blue")
	m := f.balancers[0]
	await.True(t, "the file has green alone", func() bool {
		config := m.config(t)
		return strings.Contains(config, " "+green.at+"\n") && strings.Count(config, " disabled") == 11
	})
	m.stop(registry.ErrHandOver)
	before := pid(t, m)
	m.Kill()
	await.True(t, "all its processes have ended", func() bool { return process.CommandLine(before) == nil })
	m.Restart()
	// Nobody but HAProxy itself runs now.
	await.Nil(t, "a request is answered", func() error { return post(http.DefaultClient, "http://"+m.front+"/", "x") })
	m.start()
	f.serves(cutover.Green)
}

func TestBalancer_puts_right_what_was_changed_by_hand(t *testing.T) {
	f, _ := blue(t, 1)
	m := f.balancers[0]
	if err := m.Socket().Do([]string{"set map " + m.Site.Folder + "/routes.map shop shop-green", "set server shop-blue/s1 state maint"}); err != nil {
		t.Fatal(err)
	}
	await.True(t, "map and server are as before", func() bool {
		routes, err := m.Socket().Routes(m.Site)
		all, _ := m.Socket().Backends()
		return err == nil && routes["shop"].Backend == "shop-blue" && all["shop-blue"].Up() == 1
	})
}

func TestAttempt_goes_back_when_a_load_balancer_is_down_and_names_it(t *testing.T) {
	f, _ := blue(t, 2)
	f.green("green-1")
	f.balancers[1].stop(process.ErrStop)
	await.True(t, "the store knows that it is down", func() bool { return f.view().Down() == "front-2" })
	s := f.attempt(func(s *cutover.State) { s.Timeout = 2 })
	if s.Active != cutover.Blue || !strings.Contains(s.Why, "load balancer front-2 is down") {
		t.Errorf("the state is %+v", s)
	}
	if err := post(http.DefaultClient, "http://"+f.balancers[0].front+"/", "x"); err != nil {
		t.Error(err)
	}
	if ok, err := leave(t.Context(), f.store, "front-2"); !ok || err != nil {
		t.Errorf("leave = %t, %v", ok, err)
	}
	if s := f.attempt(func(*cutover.State) {}); s.Active != cutover.Green {
		t.Errorf("without it, the state is %+v", s)
	}
}

func TestAttempt_goes_back_from_the_canary_share_for_errors(t *testing.T) {
	f, _ := blue(t, 2)
	f.green("broken-1")
	load := f.load(8, 0)
	s := f.attempt(func(s *cutover.State) {
		s.CanaryPercent, s.CanarySeconds, s.Rollback = 20, 60, cutover.Rollback{ErrorPercent: 50, Window: 60}
	})
	if s.Active != cutover.Blue || !strings.Contains(s.Why, "requests to green failed since") {
		t.Errorf("the state is %+v", s)
	}
	load.stop()
	load.clients.Wait()
	f.serves(cutover.Blue)
	for range 20 {
		if err := post(http.DefaultClient, "http://"+f.balancers[0].front+"/", "x"); err != nil {
			t.Fatalf("after it went back: %v", err)
		}
	}
}

func TestSessions_that_last_too_long_are_shut_down(t *testing.T) {
	f, _ := blue(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+f.balancers[0].front+"/endless", nil)
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			answer.Body.Close()
		}
		ended <- err
	}()
	await.True(t, "the request is under way", func() bool {
		all, err := f.balancers[0].Socket().Backends()
		return err == nil && all["shop-blue"].Sessions == 1
	})
	f.green("green-1")
	s := f.attempt(func(s *cutover.State) { s.Drain = 1 })
	if s.Active != cutover.Green {
		t.Errorf("the state is %+v", s)
	}
	<-ended
}

func TestAttempt_that_nobody_leads_goes_back(t *testing.T) {
	f, _ := blue(t, 2)
	s := *f.view().State
	s.To, s.Phase, s.Attempt, s.Who, s.Since = cutover.Green, cutover.Prepare, "abandoned", "somebody", time.Now()
	f.put(cutover.Key("shop"), cutover.JSON(s))
	await.True(t, "it is settled", func() bool {
		s = *f.view().State
		return s.Phase == cutover.Settled
	})
	if s.Active != cutover.Blue || !strings.Contains(s.Why, "nobody leads it any more: rundockd switch of somebody") {
		t.Errorf("the state is %+v", s)
	}
	await.Empty(t, "the history has it", func() string {
		keys, _, err := f.store.List(t.Context(), cutover.HistoryPrefix("shop"))
		if err != nil || len(keys) != 1 {
			return fmt.Sprintf("%d keys, %v", len(keys), err)
		}
		if e, err := cutover.ParseEntry(keys[0].Value); err != nil || e.Attempt != "abandoned" || e.Back != s.Why {
			return fmt.Sprintf("%+v, %v", e, err)
		}
		return ""
	})
}

func TestCertificate_that_is_renewed_needs_no_reload(t *testing.T) {
	f, _ := blue(t, 1)
	m := f.balancers[0]
	path := filepath.Join(t.TempDir(), "site.pem")
	haproxytest.Certificate(t, path, "one.example.com")
	m.stop(registry.ErrHandOver)
	m.settings = strings.Replace(m.settings, `"service": "shop"}]`, `"service": "shop", "certificates": ["`+path+`"]}]`, 1)
	m.start()
	serves := func(name string) {
		await.Nil(t, "the certificate of "+name, func() error {
			conn, err := tls.Dial("tcp", m.front, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				return err
			}
			defer conn.Close()
			if got := conn.ConnectionState().PeerCertificates[0].Subject.CommonName; got != name {
				return fmt.Errorf("it is that of %s", got)
			}
			return nil
		})
	}
	serves("one.example.com")
	before := pid(t, m)
	haproxytest.Certificate(t, path, "two.example.com")
	serves("two.example.com")
	if now := pid(t, m); now != before {
		t.Errorf("HAProxy process %d became %d", before, now)
	}
}

func TestConfig_that_HAProxy_refuses_stays_away_and_is_named(t *testing.T) {
	f, _ := blue(t, 1)
	m := f.balancers[0]
	before := m.config(t)
	m.stop(registry.ErrHandOver)
	m.settings = strings.Replace(m.settings, `"service": "shop"}]`, `"service": "shop", "certificates": ["/no/such/file.pem"]}]`, 1)
	m.start()
	await.True(t, "the status names it", func() bool { return strings.Contains(strings.Join(m.read().Problems, " "), "/no/such/file.pem") })
	if now := m.config(t); now != before {
		t.Errorf("the configuration is now\n%s", now)
	}
	if err := post(http.DefaultClient, "http://"+m.front+"/", "x"); err != nil {
		t.Error(err)
	}
	second := f.app("blue-1", 0)
	f.announce("node-2-blue", cutover.Blue, second.at)
	await.True(t, "instances are followed nevertheless", func() bool { return m.read().Services["shop"].Backends["shop-blue"].Up == 2 })
	settings, err := haproxy.Parse([]byte(m.settings))
	if err != nil {
		t.Fatal(err)
	}
	if err := rehearse(t.Context(), settings, haproxytest.New(t).Site); err == nil || !strings.Contains(err.Error(), "haproxy -c: ") || !strings.Contains(err.Error(), "/no/such/file.pem") {
		t.Errorf("rehearse: %v", err)
	}
}
