package previewwork

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/preview/manifest"
	"rundock/internal/spec"
	"rundock/internal/stack"
)

// shop is a stack with a service of each kind.
func shop() stack.Stack {
	in := map[string]spec.Network{"default": {}}
	service := func(image string) stack.Service {
		return stack.Service{Container: spec.Container{Image: image, Memory: 64 << 20}, Replicas: 1, Networks: in, Reschedule: true, Resources: stack.Resources{Limit: stack.Amount{Memory: 64 << 20}}}
	}
	s := stack.Stack{Version: stack.Version, Name: "preview-akira", Services: map[string]stack.Service{
		"web": service("web:1"), "db": service("db:1"), "job": service("job:1"), "side": service("side:1"), "car": service("car:1"),
	}, Networks: map[string]stack.Network{"default": {Name: "preview-akira_default"}}, Configs: map[string]stack.File{"settings": {Hash: "1"}}}
	change := func(name string, change func(*stack.Service)) {
		one := s.Services[name]
		change(&one)
		s.Services[name] = one
	}
	change("web", func(v *stack.Service) {
		v.DependsOn = map[string]stack.Dependency{"db": {}, "web2": {}}
		v.Configs = []stack.Use{{Source: "settings", Target: "/etc/settings"}}
	})
	change("db", func(v *stack.Service) { v.Volumes = []string{"data"} })
	change("job", func(v *stack.Service) { v.Job = true; v.DependsOn = map[string]stack.Dependency{"web": {}} })
	change("car", func(v *stack.Service) { v.Pod.Network = "side"; v.Networks = nil })
	return s
}

func TestRunnable_calls_by_content_what_can_run_beside_its_successor(t *testing.T) {
	m, names := runnable(shop(), "1.0.0")
	for _, name := range []string{"db", "job", "side", "car"} { // data, runs once, in a pod
		if names[name] != name {
			t.Errorf("%s is called %s", name, names[name])
		}
	}
	web := names["web"]
	if !strings.HasPrefix(web, "web-") || len(web) != len("web-")+6 || len(m.Services) != 5 {
		t.Fatalf("web is called %s among %v", web, slices.Sorted(maps.Keys(m.Services)))
	}
	def := m.Services[web]
	if !slices.Contains(def.Networks["default"].Aliases, "web") {
		t.Errorf("its aliases are %v", def.Networks["default"].Aliases)
	}
	if _, ok := m.Services["job"].DependsOn[web]; !ok {
		t.Errorf("the job depends on %v", m.Services["job"].DependsOn)
	}
	if def.Resources != (stack.Resources{}) || def.Reschedule || def.Container.Memory != 64<<20 || def.Container.Labels[settingsLabel] != "1.0.0" {
		t.Errorf("it is %+v", def)
	}
	if again, _ := runnable(shop(), "1.0.0"); again.Hash() != m.Hash() {
		t.Error("the same is another stack")
	}
}

func TestRunnable_gives_another_name_to_what_is_made_of_something_else(t *testing.T) {
	_, before := runnable(shop(), "1.0.0")
	for claim, c := range map[string]struct {
		change   func(*stack.Stack)
		revision string
		same     bool
	}{
		"other settings": {func(*stack.Stack) {}, "2.0.0", false},
		"another image": {func(s *stack.Stack) {
			v := s.Services["web"]
			v.Container.Image = "web:2"
			s.Services["web"] = v
		}, "1.0.0", false},
		"another config": {func(s *stack.Stack) { s.Configs = map[string]stack.File{"settings": {Hash: "2"}} }, "1.0.0", false},
		"another service's image": {func(s *stack.Stack) {
			v := s.Services["db"]
			v.Container.Image = "db:2"
			s.Services["db"] = v
		}, "1.0.0", true},
		"something else to wait for": {func(s *stack.Stack) {
			v := s.Services["web"]
			v.DependsOn = nil
			s.Services["web"] = v
		}, "1.0.0", true},
	} {
		s := shop()
		c.change(&s)
		if _, after := runnable(s, c.revision); (after["web"] == before["web"]) != c.same {
			t.Errorf("%s: %s, which was %s", claim, after["web"], before["web"])
		}
	}
}

func TestPublish_gives_each_port_that_is_reached_one_of_the_host(t *testing.T) {
	routes := map[string]manifest.Route{"": {Service: "web", Port: 8080}, "api": {Service: "web", Port: 8080}, "db": {Service: "db", Port: 5432}}
	next := 21000
	s := shop()
	m, reached, err := publish(s, routes, map[string]string{"web": "web", "db": "db"}, func(string, int) (int, error) { next++; return next, nil })
	if err != nil || reached[""] != 21001 || reached["api"] != 21001 || reached["db"] != 21002 {
		t.Errorf("reached at %v, %v", reached, err)
	}
	if p := m.Services["web"].Ports; len(p) != 1 || p[0].String() != "$PRIVATE_IP:21001:8080" {
		t.Errorf("the ports of web are %v", p)
	}
	if len(s.Services["web"].Ports) != 0 {
		t.Error("the stack that was given is changed")
	}
}

func TestUnreachable_names_the_service(t *testing.T) {
	s := shop()
	routes := map[string]manifest.Route{"": {Service: "web", Port: 8080}}
	if why := unreachable(s, routes); why != "" {
		t.Error(why)
	}
	s.Networks["default"] = stack.Network{Name: "preview-akira_default", Internal: true}
	if why := unreachable(s, routes); !strings.Contains(why, "service web") {
		t.Errorf("in an internal network alone: %q", why)
	}
}

// Whoever pushes a branch does not read images by the host's user in an image registry.
func TestClosed_names_the_image_that_the_host_alone_may_pull(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths": {"private.example.com:5000": {"auth": "b25lOnR3bw=="}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	for _, c := range []struct {
		image string
		built bool
		open  []string
		want  string
	}{
		{image: "private.example.com:5000/secret:1", want: "service web: the image private.example.com:5000/secret:1 is of private.example.com:5000, "},
		{image: "private.example.com:5000/secret@sha256:" + strings.Repeat("a", 64), open: []string{"other.example.com"}, want: "service web: "},
		{image: "private.example.com:5000/secret:1", open: []string{"private.example.com:5000"}},
		{image: "private.example.com:5000/own:1", built: true},
		{image: "private.example.com/secret:1"},
		{image: "postgres:16"},
	} {
		s := stack.Stack{Services: map[string]stack.Service{"web": {Container: spec.Container{Image: c.image}}}}
		if c.built {
			def := s.Services["web"]
			def.Build = &stack.Build{}
			s.Services["web"] = def
		}
		why, err := closed(s, c.open)
		if err != nil || !strings.HasPrefix(why, c.want) || (why == "") != (c.want == "") {
			t.Errorf("%s with %v: %q, %v, want %q", c.image, c.open, why, err, c.want)
		}
	}
}

func TestWithEnv_has_settings_win_and_gives_none_to_what_goes(t *testing.T) {
	entry := map[string]any{"state": "enabled", "env": map[string]any{"A": "file", "B": "file"}}
	withEnv(entry, map[string]string{"A": "set"})
	env := entry["env"].(map[string]any)
	if len(env) != 1 || env["B"] != "file" || entry["env_secret"].(map[string]string)["A"] != "set" {
		t.Errorf("the entry is %v", entry)
	}
	gone := map[string]any{"state": "absent"}
	if withEnv(gone, map[string]string{"A": "set"}); len(gone) != 1 {
		t.Errorf("the entry of one that goes is %v", gone)
	}
}

func TestPorts_stay_with_a_service_and_are_given_once(t *testing.T) {
	p := newPorts(21000, 21003, "10.0.0.1")
	p.listen = func(_ string, port int) error {
		if port == 21001 {
			return errOvertaken // somebody else listens there
		}
		return nil
	}
	ask := func(before *stack.Stack, name, service string) int {
		t.Helper()
		n, err := p.forService(before, name, service, 80, map[int]bool{21000: true})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := ask(nil, "a", "web-1"); n != 21002 {
		t.Errorf("the first that is free is %d", n)
	}
	if n := ask(nil, "a", "web-1"); n != 21002 {
		t.Errorf("again it is %d", n)
	}
	had := stack.Stack{Services: map[string]stack.Service{"web": {Ports: []stack.Port{{First: 21000, Container: 80}}}}}
	if n := ask(&had, "b", "web"); n != 21000 {
		t.Errorf("one that had a port has %d", n)
	}
	if n := ask(nil, "b", "web-2"); n != 21003 {
		t.Errorf("the next is %d", n)
	}
	if _, err := p.forService(nil, "c", "web", 80, nil); err == nil || !strings.Contains(err.Error(), "from 21000 to 21003") {
		t.Errorf("with none that is free: %v", err)
	}
	p.keep("a", stack.Stack{})
	if n := ask(nil, "c", "web"); n != 21002 {
		t.Errorf("one that was given back is not given: %d", n)
	}
}
