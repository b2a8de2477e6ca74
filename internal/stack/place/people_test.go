package place

import (
	"os"
	"strings"
	"testing"

	"rundock/internal/stack"
)

// model is one that internal/stack/compose made of files that people wrote.
func model(t *testing.T, name string) stack.Stack {
	t.Helper()
	data, err := os.ReadFile("../compose/testdata/models/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One of each on each host, by affinities alone, and the rest spread.
func TestPlan_of_people_s_files(t *testing.T) {
	nodes := model(t, "nodes")
	three := site(t, "a\nb\nc")
	p := mustPlan(t, nodes, three, nil, Options{})
	on := map[string]int{}
	for _, s := range p.Slots {
		on[s.Service+" "+s.Host]++
	}
	for _, service := range []string{"apache", "consul", "haproxy", "registrator"} {
		want := 1
		if service == "apache" {
			want = 2
		}
		for _, h := range three {
			if got := on[service+" "+h.Name]; got != want {
				t.Errorf("%s on %s = %d, want %d", service, h.Name, got, want)
			}
		}
	}
	more := nodes.Services["consul"]
	more.Replicas = 4
	nodes.Services["consul"] = more
	if p := mustPlan(t, nodes, three, p.Places(), Options{}); len(p.Refused) != 1 || p.Refused[0].String() != "consul.4 refused: port 8300 taken on 3 hosts" {
		t.Errorf("refused = %v", p.Refused)
	}

	p = mustPlan(t, model(t, "redmine"), site(t, "swarm-node01\nswarm-node02\nswarm-node03"), nil, Options{})
	wantLines(t, p, `
db.1 swarm-node02 new: only host left
redmine.1 swarm-node01 new: only host left`)
	p = mustPlan(t, model(t, "redmine"), site(t, "a\nb"), nil, Options{})
	wantLines(t, p, `
db.1 refused: constraint node==swarm-node02 on 2 hosts
redmine.1 refused: constraint node==swarm-node01 on 2 hosts`)

	voting := model(t, "voting-app")
	p = mustPlan(t, voting, three, nil, Options{})
	if vote := hostOf(p, "vote.1"); len(p.Refused) > 0 || vote == hostOf(p, "vote.2") {
		t.Errorf("placement:\n%s", strings.Join(lines(p), "\n"))
	}
	db := hostOf(p, "db.1")
	var left []Host
	for _, h := range three {
		if h.Name != db {
			left = append(left, h)
		}
	}
	p = mustPlan(t, voting, left, p.Places(), Options{Lost: []string{db}})
	if got := strings.Join(lines(p), "\n"); !strings.Contains(got, "db.1 "+db+" waiting: volume voting-app_db-data is on "+db+", which is lost") || len(p.Refused) > 0 {
		t.Errorf("placement with %s lost:\n%s", db, got)
	}
}
