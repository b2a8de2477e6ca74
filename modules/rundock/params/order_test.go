package params

import (
	"strings"
	"testing"
)

func TestOrder(t *testing.T) {
	image, port := "app:1", 80
	args := func(text string) *string { return &text }
	for claim, c := range map[string]struct {
		p    Params
		want string
	}{
		"announced at the container's own address": {Params{Announce: &port, AnnounceAs: "container"}, ""},
		"not announced":        {Params{}, ""},
		"a slot with a volume": {Params{Name: "shop-web-1", Stack: "shop", Slot: "web.1", Args: args("-v data:/data")}, ""},
		"a slot with a port":   {Params{Name: "shop-web-1", Stack: "shop", Slot: "web.1", Args: args("-p 80:80")}, "two containers cannot run at once: it publishes port 80:80"},
		"announced at the host's address, where it is published": {Params{Announce: &port, AnnounceAs: "private"}, "it publishes port $PRIVATE_IP:80:80"},
		"a job":     {Params{Job: true}, "it is a job"},
		"a volume":  {Params{Args: args("-v data:/data")}, "both would write to its volume /data"},
		"a command": {Params{Announces: []Announce{{As: "container", Port: &port, Check: &checkParams{Type: "exec", Command: []string{"true"}}}}}, "a command checks it"},
	} {
		c.p.Image, c.p.Order, c.p.WaitTimeout = &image, startFirst, 100
		if c.p.Name == "" {
			c.p.Name = "web"
		}
		s, err := c.p.Service(nil)
		if c.want == "" && (err != nil || s.StartFirst != 80) {
			t.Errorf("%s: start_first = %d, %v", claim, s.StartFirst, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", claim, err, c.want)
		}
	}
	if s, err := (Params{Name: "web", Image: &image, Order: "stop-first", WaitTimeout: 100}).Service(nil); err != nil || s.StartFirst != 0 {
		t.Errorf("stop-first: start_first = %d, %v", s.StartFirst, err)
	}
}
