package balancer

import (
	"net/http"
	"testing"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/supervisor/process"
)

func TestBalancer_that_is_killed_fails_no_request_and_its_successor_goes_on(t *testing.T) {
	f, old := blue(t, 2)
	m := f.balancers[0]
	before := pid(t, m)
	p := m.replaced()
	load := f.load(8, 4)
	acknowledged := func(reached cutover.Reached) {
		t.Helper()
		await.True(t, "the process acknowledges "+string(reached), func() bool {
			v := f.view()
			a := v.Acks[m.name]
			return m.read().PID == p.Pid() && a.Attempt == v.State.Attempt && a.Reached == reached
		})
	}
	acknowledged(cutover.Serving)

	p.Kill()
	second := f.app("blue-1", 0)
	f.announce("node-2-blue", cutover.Blue, second.at)
	p.Restart()
	await.True(t, "the successor follows the store", func() bool { return m.read().Services["shop"].Backends["shop-blue"].Up == 2 })

	f.green("green-1")
	f.begin(func(s *cutover.State) { s.Drain = 60 })
	acknowledged(cutover.Prepared)
	p.Kill()
	p.Restart()
	acknowledged(cutover.Prepared)
	await.True(t, "all have prepared", func() bool { return f.step().Do == cutover.Write })
	acknowledged(cutover.Drained)
	p.Kill()
	p.Restart()
	if s := f.finish(); s.Active != cutover.Green || s.Why != "" {
		t.Errorf("the state is %+v", s)
	}
	old.stop()
	second.stop()
	f.serves(cutover.Green)
	load.end(t)
	if now := pid(t, m); now != before {
		t.Errorf("HAProxy process %d became %d", before, now)
	}
}

func TestBalancer_and_HAProxy_that_are_killed_together_come_back_as_they_were(t *testing.T) {
	f, old := blue(t, 2)
	m := f.balancers[0]
	p := m.replaced()
	f.green("green-1")
	f.attempt(func(*cutover.State) {})
	old.stop()
	f.withdraw("node-1-blue")
	await.True(t, "HAProxy's file has green", func() bool {
		all, err := m.Socket().Backends()
		return err == nil && all["shop-blue"].Slots[0].Status == "MAINT" && m.read().PID == p.Pid()
	})
	before := pid(t, m)
	p.Kill()
	m.Kill()
	await.True(t, "all of HAProxy's processes have ended", func() bool { return process.CommandLine(before) == nil })
	m.Restart()
	await.Nil(t, "a request is answered", func() error { return post(http.DefaultClient, "http://"+m.front+"/", "x") })
	load := f.load(8, 4)
	p.Restart()
	await.True(t, "the successor runs", func() bool { return m.read().PID == p.Pid() })
	f.serves(cutover.Green)
	if s := f.attempt(func(s *cutover.State) { s.Timeout = 2 }); s.Active != cutover.Green {
		t.Errorf("blue, which has no instance, is active: %+v", s)
	}
	load.end(t)
}
