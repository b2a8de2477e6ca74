package balance

import (
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

var now = time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)

// well is a load balancer that is as it should be.
func well() Facts {
	return Facts{Alive: true, Says: control.BalanceStatus{PID: 7, HAProxy: "2.6.12", Services: map[string]control.Balanced{
		"shop": {
			Backend: "shop-blue", Phase: "settled", Reached: "serving", Since: now.Add(-time.Hour),
			Backends: map[string]control.BalanceBackend{"shop-blue": {Up: 2, Servers: 2}, "shop-green": {Up: 0, Servers: 1}},
		},
	}}}
}

func TestStatusOf(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Facts)
		want   string // in the first of what is wrong
	}{
		"all is well":       {func(*Facts) {}, ""},
		"no status":         {func(f *Facts) { *f = Facts{} }, "rundockd balance has not run since this host was started; see sv status rundock-balance"},
		"a broken status":   {func(f *Facts) { f.Unread = report.Trouble{Text: "read x: y"} }, "read x: y"},
		"no balancer":       {func(f *Facts) { f.Alive = false }, "rundockd balance does not run, so HAProxy follows neither"},
		"no HAProxy":        {func(f *Facts) { f.Says.HAProxy = "" }, "HAProxy does not answer; see sv status haproxy"},
		"a problem":         {func(f *Facts) { f.Says.Problems = []string{"shop: there is no free slot"} }, "shop: there is no free slot"},
		"no store":          {func(f *Facts) { f.Says.Store = "connection refused" }, "HAProxy goes on as it is, as the store cannot be reached: connection refused"},
		"no server that is": {func(f *Facts) { f.Says.Services["shop"].Backends["shop-blue"] = control.BalanceBackend{Servers: 2} }, "service shop: requests fail, as shop-blue has no server that is up"},
	} {
		f := well()
		c.change(&f)
		s := StatusOf(f)
		switch {
		case c.want == "" && (len(s.Wrong) > 0 || s.ExitCode() != report.ExitWell || s.Remarks() != ""):
			t.Errorf("%s: wrong is %q, exit code %d", name, s.Wrong, s.ExitCode())
		case c.want != "" && (len(s.Wrong) == 0 || !strings.Contains(s.Wrong[0], c.want) || s.ExitCode() != report.ExitWrong):
			t.Errorf("%s: wrong is %q, exit code %d; want %q", name, s.Wrong, s.ExitCode(), c.want)
		}
	}
}

func TestTable(t *testing.T) {
	f := well()
	s := f.Says.Services["shop"]
	s.Canary, s.Problem = "shop-green", "0 of 1 servers of green are up"
	f.Says.Services["shop"] = s
	want := "BALANCED TRAFFIC FOR SERVERS SWITCH REACHED REMARK\nshop shop-blue,shop-green 1h0m shop-blue:2/2,shop-green:0/1 settled serving 0 of 1 servers of green are up"
	var got []string
	for line := range strings.Lines(Table(StatusOf(f), now)) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if Table(StatusOf(Facts{}), now) != "" {
		t.Error("a host that is no load balancer has a table")
	}
}

func TestStoryOf(t *testing.T) {
	f := well()
	s := f.Says.Services["shop"]
	s.Backends["shop-blue"] = control.BalanceBackend{Up: 1, Servers: 2, Instances: map[string]string{"10.0.0.7:80": "UP", "10.0.0.8:80": "DOWN, L4CON Connection refused"}}
	s.Backends["shop-green"] = control.BalanceBackend{Servers: 1, Instances: map[string]string{"10.0.0.7:81": "DOWN, L4CON Connection refused"}}
	s.Kept = "shop-blue has 1 instances in the store, and the floor is 2"
	f.Says.Services["shop"] = s
	want := `shop, balanced by front-1, 2026-11-21 07:30:00 UTC

load balancer
  ok    rundockd balance runs, process 7, and HAProxy 2.6.12

traffic
  ok    shop-blue has it for 1h0m
  note  switch: settled; this load balancer has reached serving
  note  shop-blue has 1 instances in the store, and the floor is 2

servers
  ok    10.0.0.7:80 of shop-blue is UP
  !!    10.0.0.8:80 of shop-blue is DOWN, L4CON Connection refused
  note  10.0.0.7:81 of shop-green is DOWN, L4CON Connection refused

Wrong: servers: 10.0.0.8:80 of shop-blue is DOWN, L4CON Connection refused. Next: on its host: rundockd explain shop-blue
`
	if got := StoryOf("front-1", now, f, "shop").Text(); got != want {
		t.Errorf("the story is\n%s\nwant\n%s", got, want)
	}
	f.Says.Services["shop"].Backends["shop-blue"] = control.BalanceBackend{Servers: 1}
	f.Alive = false
	told := StoryOf("front-1", now, f, "shop")
	if told.Verdict != "wrong" || told.Wrong == nil || !strings.Contains(told.Wrong.Text, "rundockd balance does not run") || !strings.Contains(told.Text(), "!!    requests fail: shop-blue has no server that is up") {
		t.Errorf("without balancer and servers the story is\n%s", told.Text())
	}
}
