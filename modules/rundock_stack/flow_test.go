package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, "../rundock_stack", "../../supervisor/rundock-stack") }

type args = map[string]any

const file = "services: {web: {image: 'registry.invalid:5000/web:1', deploy: {replicas: 2}}}"

// site are the arguments of a call for a stack of one file, with more.
func site(more args) args {
	fact := args{"version": 1, "arch": "amd64", "private_address": "10.0.0.1", "capacity": args{"cpus": 2, "memory": 1 << 32}}
	all := args{
		"name": "shop", "run": "r1", "who": "ada", "compose": []string{"compose.yaml"}, "hosts": args{"node-1": fact, "node-2": fact},
		"files": args{"compose.yaml": args{"data": []byte(file)}, ".env": args{"absent": true}},
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func TestRun_from_nothing_to_nothing(t *testing.T) {
	h := storetest.New(t, "rundock_stack")
	planned := h.Call(site(args{"step": "begin"}), "check_mode")
	if planned.Failed || !planned.Changed || planned.Values["lines"].([]any)[0] != "shop: release 1: 2 new" {
		t.Fatalf("check mode: %s", planned.Raw)
	}
	if has := h.Get("/rundock/v1/stacks/shop/releases/1"); has != "" {
		t.Errorf("check mode wrote %s", has)
	}
	begun := h.Call(site(args{"step": "begin", "expect": planned.Values["plan"]}))
	waves, _ := begun.Values["waves"].([]any)
	if begun.Failed || len(waves) == 0 {
		t.Fatalf("begin: %s", begun.Raw)
	}
	if other := h.Call(site(args{"step": "begin", "run": "r2"})); !other.Failed || !strings.Contains(other.Msg, "ada on node-1, which does deploy since") {
		t.Errorf("a run beside it: %s", other.Raw)
	}
	for n := range waves {
		if a := h.Call(args{"name": "shop", "step": "wave", "run": "r1", "wave": n + 1}); a.Failed || a.Changed {
			t.Errorf("wave %d: %s", n+1, a.Raw)
		}
		if waves[n].(args)["commit"] != nil {
			h.Call(args{"name": "shop", "step": "commit", "run": "r1"})
		}
	}
	for _, step := range []string{"done", "end"} {
		if a := h.Call(args{"name": "shop", "step": step, "run": "r1"}); a.Failed {
			t.Errorf("%s: %s", step, a.Raw)
		}
	}
	if again := h.Call(site(nil)); again.Failed || again.Changed || again.Values["lines"].([]any)[0] != "shop: nothing to do" {
		t.Errorf("again: %s", again.Raw)
	}
	if out := h.Sh("rundockd", "stack", "releases", "shop"); !strings.Contains(out, "current") || !strings.Contains(out, "ada") {
		t.Errorf("rundockd stack releases shop: %s", out)
	}
	if out := h.Sh("rundockd", "stack", "show", "shop"); !strings.Contains(out, "web.2     node-2") {
		t.Errorf("rundockd stack show shop: %s", out)
	}
	if out := h.Sh("rundockd", "stack", "list"); out != "shop\n" {
		t.Errorf("rundockd stack list: %s", out)
	}
}

func TestFiles_are_asked_for(t *testing.T) {
	h := storetest.New(t, "rundock_stack")
	a := h.Call(site(args{"files": args{}}))
	if wants, _ := a.Values["wants"].([]any); a.Failed || a.Changed || len(wants) == 0 || wants[0] != "compose.yaml" && wants[0] != ".env" {
		t.Errorf("without files: %s", a.Raw)
	}
}

func TestRefuses(t *testing.T) {
	h := storetest.New(t, "rundock_stack")
	for _, c := range []struct {
		more args
		want string
	}{
		{args{"name": "Shop"}, `stack "Shop": want a DNS label`},
		{args{"compose": []string{}}, "needs compose, or release"},
		{args{"hosts": args{}}, "needs hosts"},
		{args{"step": "commit", "run": ""}, "step commit needs run"},
		{args{"step": "roll"}, "step must be one of"},
		{args{"step": "commit"}, "does not hold the lock any more"},
		{args{"release": 4}, "there is no release 4 of shop to go back to"},
		{args{"pool": "x"}, "x"},
		{args{"files": args{"compose.yaml": args{"data": []byte("services: {web: {image: web, chips: 1}}")}, ".env": args{"absent": true}}}, "chips"},
	} {
		if a := h.Call(site(c.more)); !a.Failed || !strings.Contains(a.Msg, c.want) {
			t.Errorf("%v: want %q: %s", c.more, c.want, a.Raw)
		}
	}
	if err := os.Remove(filepath.Join("/usr/local/bin", "rundock-stack")); err != nil {
		t.Fatal(err)
	}
	if a := h.Call(site(nil)); !a.Failed || !strings.Contains(a.Msg, "rundock-stack") {
		t.Errorf("without rundock-stack: %s", a.Raw)
	}
}
