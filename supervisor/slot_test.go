package supervisor

import (
	"strings"
	"testing"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

func TestFiles_holds_a_slot_to_its_stack(t *testing.T) {
	web := stack.Slot{Service: "web", Number: 1}
	well := Service{Name: "shop-web-1", Stack: "shop", Slot: web, Container: spec.Container{Image: "web"}}
	for _, c := range []struct {
		claim  string
		change func(*Service)
		want   string // of the error; "": it is well
	}{
		{"it is well", func(*Service) {}, ""},
		{"a service may have an underscore, and capitals", func(s *Service) {
			s.Slot.Service, s.Name = "Web_front", "shop-Web_front-1"
		}, ""},
		{"a slot without a stack", func(s *Service) { s.Stack = "" }, "give both or none"},
		{"a stack without a slot", func(s *Service) { s.Slot = stack.Slot{} }, "give both or none"},
		{"another name", func(s *Service) { s.Name = "web" }, "slot web.1 of stack shop is called shop-web-1"},
		{"the name of another number", func(s *Service) { s.Slot.Number = 2 }, "slot web.2 of stack shop is called shop-web-2"},
		{"a number below 1", func(s *Service) { s.Slot.Number, s.Name = -1, "shop-web--1" }, "want a number of at least 1"},
		{"a stack with a dot", func(s *Service) { s.Stack, s.Name = "a.b", "a.b-web-1" }, `stack "a.b": want a DNS label`},
		{"a stack in capitals", func(s *Service) { s.Stack, s.Name = "Shop", "Shop-web-1" }, `stack "Shop": want a DNS label`},
		{"a stack that ends in a hyphen", func(s *Service) { s.Stack, s.Name = "shop-", "shop--web-1" }, `stack "shop-": want a DNS label`},
		{"a service with a dot", func(s *Service) { s.Slot.Service, s.Name = "web.api", "shop-web.api-1" }, "slot web.api.1: want a service of up to 63"},
		{"a service of 64 characters", func(s *Service) {
			s.Slot.Service = strings.Repeat("a", 64)
			s.Name = s.Slot.Container(s.Stack)
		}, "want a service of up to 63"},
		{"no image", func(s *Service) {
			s.Container, s.Announce.Announces = spec.Container{}, []Announcement{{Port: 80}}
		}, "a slot of a stack has a container"},
		{"an alias with a dot", func(s *Service) { s.Announce.Aliases = []string{"a.b"} }, `alias "a.b": want up to 63`},
		{"aliases in networks", func(s *Service) { s.Announce.Aliases = []string{"a@back", "a._my-back@shop_my.back"} }, ""},
		{"an alias in a network whose label is none", func(s *Service) { s.Announce.Aliases = []string{"a._b/c@back"} }, `alias "a._b/c@back": want up to 63`},
		{"an alias with a dot in a network", func(s *Service) { s.Announce.Aliases = []string{"a.b@back"} }, `alias "a.b@back": want up to 63`},
		{"an alias of no stack", func(s *Service) {
			s.Stack, s.Slot, s.Announce.Aliases = "", stack.Slot{}, []string{"a"}
		}, "aliases are names in a stack"},
		{"a role", func(s *Service) { s.Role = Main }, ""},
		{"a role of no slot", func(s *Service) { s.Stack, s.Slot, s.Role = "", stack.Slot{}, Main }, "a role is of a slot"},
		{"a role of a job", func(s *Service) { s.Role, s.Job = Main, true }, "a role is of a slot that is no job"},
		{"a role of what starts first", func(s *Service) { s.Role, s.StartFirst = Standby, 60 }, "a role is of a slot that is no job and stops first"},
		{"a colour", func(s *Service) { s.Announce.Colour = "blue" }, "a slot of a stack has no colour"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s := well
			c.change(&s)
			_, err := Files(s)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
		})
	}
}

func TestComplete_labels_a_slot(t *testing.T) {
	own := map[string]string{"a": "b"}
	plain := Service{Name: "shop-web-1", Container: spec.Container{Image: "web", Labels: own}}
	if got, want := plain.Complete().Container.Hash(), plain.Container.Hash(); got != want {
		t.Errorf("the hash of a service of no stack is %s, want %s as of its container", got, want)
	}
	s := plain
	s.Stack, s.Slot = "shop", stack.Slot{Service: "web", Number: 1}
	once := s.Complete()
	for name, want := range map[string]string{"a": "b", "rundock.stack": "shop", "rundock.slot": "web.1", "com.docker.compose.project": "shop", "com.docker.compose.service": "web"} {
		if got := once.Container.Labels[name]; got != want {
			t.Errorf("label %s = %q, want %q", name, got, want)
		}
	}
	if len(own) != 1 {
		t.Errorf("Complete changed its receiver: %v", own)
	}
	if twice := once.Complete(); twice.Container.Hash() != once.Container.Hash() {
		t.Errorf("a second Complete gives labels %v", twice.Container.Labels)
	}
}

func TestSearchDomain(t *testing.T) {
	s := Service{Stack: "shop", Slot: stack.Slot{Service: "web", Number: 1}}
	for network, want := range map[string]string{"": "shop.s.example.com", "shop_default": "shop.s.example.com", "host": "", "none": "", "container:shop-vpn-1": ""} {
		s.Container.Network = network
		if got := s.SearchDomain("s.example.com"); got != want {
			t.Errorf("in network %q it is %q, want %q", network, got, want)
		}
	}
	if got := (Service{}).SearchDomain("s.example.com"); got != "" {
		t.Errorf("of no stack it is %q", got)
	}
}
