package consul

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"
)

func TestPlanMirror(t *testing.T) {
	web := Entry{Key: "/skydns/web", Name: "web", Address: "10.0.0.7", Port: 80, Tags: []string{"a"}, Meta: map[string]string{"k": "v"}}
	db := Entry{Key: "/skydns/db", Name: "db", Address: "10.0.0.7", Port: 90}
	with := func(e Entry, change func(*Entry)) Entry { change(&e); return e }
	for _, c := range []struct {
		claim      string
		have, want []Entry
		leave      []string
		plan       string
	}{
		{"nothing", nil, nil, nil, ""},
		{"a new one", nil, []Entry{web}, nil, "+/skydns/web"},
		{"as wanted", []Entry{web, db}, []Entry{db, web}, nil, "=/skydns/db =/skydns/web"},
		{"withdrawn", []Entry{web, db}, []Entry{db}, nil, "-/skydns/web =/skydns/db"},
		{"an orphan", []Entry{web}, nil, nil, "-/skydns/web"},
		{"held, but not known as what", []Entry{web}, nil, []string{"/skydns/web", "/skydns/other"}, ""},
		{"another port", []Entry{web}, []Entry{with(web, func(e *Entry) { e.Port = 81 })}, nil, "+/skydns/web"},
		{"another address", []Entry{web}, []Entry{with(web, func(e *Entry) { e.Address = "10.0.0.8" })}, nil, "+/skydns/web"},
		{"other tags", []Entry{web}, []Entry{with(web, func(e *Entry) { e.Tags = nil })}, nil, "+/skydns/web"},
		{"other meta", []Entry{web}, []Entry{with(web, func(e *Entry) { e.Meta = map[string]string{"k": "w"} })}, nil, "+/skydns/web"},
		{"meta that Consul refuses makes no difference", []Entry{web}, []Entry{with(web, func(e *Entry) {
			e.Meta = map[string]string{"k": "v", "a b": "c", "": "c", "consul-x": "c", "long": strings.Repeat("x", 513), mirrorKey: "c", strings.Repeat("x", 129): "c"}
		})}, nil, "=/skydns/web"},
	} {
		p := planMirror(c.have, c.want, c.leave)
		var all []string
		for _, key := range p.remove {
			all = append(all, "-"+key)
		}
		for _, e := range p.put {
			all = append(all, "+"+e.Key)
		}
		for _, key := range p.confirm {
			all = append(all, "="+key)
		}
		if got := strings.Join(all, " "); got != c.plan {
			t.Errorf("%s: plan = %q, want %q", c.claim, got, c.plan)
		}
	}
	many := Entry{Meta: map[string]string{}}
	for i := range 100 {
		many.Meta[fmt.Sprintf("k%03d", i)] = "v"
	}
	if n := len(many.accepted().Meta); n != maxPairs-1 {
		t.Errorf("of 100 pairs of meta %d are accepted, want %d", n, maxPairs-1)
	}
}

// Only what has both the meta and the id of ours is ours.
func TestEntriesAreOurs(t *testing.T) {
	got := map[string]bool{}
	for _, e := range entries(map[string]*api.AgentService{
		"rundock/skydns/web": {Service: "web", Meta: map[string]string{mirrorKey: "/skydns/web"}},
		"rundock/skydns/db":  {Service: "db"},
		"copied":             {Service: "web", Meta: map[string]string{mirrorKey: "/skydns/web"}},
	}) {
		got[e.Key] = true
	}
	if !maps.Equal(got, map[string]bool{"/skydns/web": true}) {
		t.Errorf("ours are %v", got)
	}
}
