package release

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// services are those of a test by name.
type services map[string]stack.Service

// service runs an image in so many instances.
func service(image string, replicas int, change ...func(*stack.Service)) stack.Service {
	s := stack.Service{Container: spec.Container{Image: image}, Replicas: replicas}
	for _, c := range change {
		c(&s)
	}
	return s
}

func after(names ...string) func(*stack.Service) {
	return func(s *stack.Service) {
		s.DependsOn = map[string]stack.Dependency{}
		for _, name := range names {
			s.DependsOn[name] = stack.Dependency{Condition: stack.Healthy}
		}
	}
}

func job(s *stack.Service)  { s.Job = true }
func port(s *stack.Service) { s.Ports = []stack.Port{{First: 80, Container: 8080}} }

func ports(s *stack.Service) {
	s.Ports = []stack.Port{{First: 8000, Last: 8002, Container: 8080}}
}

func volume(key string) func(*stack.Service) {
	return func(s *stack.Service) { s.Volumes = append(s.Volumes, key) }
}

func network(owner string) func(*stack.Service) {
	return func(s *stack.Service) { s.Pod.Network = owner }
}

func in(networks ...string) func(*stack.Service) {
	return func(s *stack.Service) {
		s.Networks = map[string]spec.Network{}
		for _, n := range networks {
			s.Networks[n] = spec.Network{}
		}
	}
}

func update(u stack.Update) func(*stack.Service) {
	return func(s *stack.Service) { s.Update = u }
}

func env(pairs ...string) func(*stack.Service) {
	return func(s *stack.Service) {
		s.Container.Env = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			s.Container.Env[pairs[i]] = pairs[i+1]
		}
	}
}

func uses(config, secret string) func(*stack.Service) {
	return func(s *stack.Service) {
		if config != "" {
			s.Configs = []stack.Use{{Source: config, Target: "/etc/" + config}}
		}
		if secret != "" {
			s.Secrets = []stack.Use{{Source: secret, Target: "/run/secrets/" + secret}}
		}
	}
}

// release is one of the stack shop, rolling, with slots such as
//
//	web.1=node-1 db.1=node-2:shop_data api.1=node-1+node-2
//
// of which the last has a standby. change comes before the slots get their hashes.
func release(t *testing.T, number, from int, all services, slots string, change ...func(*Release)) Release {
	t.Helper()
	r := Release{
		Version: Version, Number: number, From: from, State: Rolling, Since: began, Who: "ada", Inputs: fmt.Sprint("inputs-", number),
		Model: stack.Stack{
			Version: stack.Version, Name: "shop", Services: maps.Clone(all),
			Networks: map[string]stack.Network{"back": {Name: "shop_back"}, "front": {Name: "shop_front"}},
			Volumes:  map[string]stack.Volume{"data": {Name: "shop_data"}},
			Configs:  map[string]stack.File{"site.conf": {Hash: strings.Repeat("c", 64), Size: 3}},
			Secrets:  map[string]stack.File{"password": {Hash: strings.Repeat("5", 64)}},
		},
		Images: map[string]string{}, Slots: map[stack.Slot]Slot{},
	}
	for name, def := range all {
		r.Images[name] = def.Container.Image + "@sha256:" + strings.Repeat("1", 64)
	}
	for _, c := range change {
		c(&r)
	}
	for field := range strings.FieldsSeq(slots) {
		name, host, _ := strings.Cut(field, "=")
		slot, err := stack.ParseSlot(name)
		if err != nil {
			t.Fatal(err)
		}
		s := Slot{Hash: r.SpecHash(slot.Service), Why: "fits"}
		host, held, has := strings.Cut(host, ":")
		if has {
			s.Volumes, s.Why = []string{held}, "volume"
		}
		s.Host, s.Standby, _ = strings.Cut(host, "+")
		r.Slots[slot] = s
	}
	return r
}

// why gives a slot of a release a reason.
func why(slot, reason string, r Release) Release {
	key, _ := stack.ParseSlot(slot)
	s := r.Slots[key]
	s.Why = reason
	r.Slots[key] = s
	return r
}

// text is waves as people read them.
func text(waves []Wave) string {
	var b strings.Builder
	for _, w := range waves {
		b.WriteString(w.String())
	}
	return b.String()
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}
