package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestServices_many_in_a_call installs services in one call, of which one
// cannot be: the others are there all the same.
func TestServices_many_in_a_call(t *testing.T) {
	s := need(t)
	var list, names, gone []string
	for i := range 12 {
		name := fmt.Sprintf("crowd-%d", i)
		image, port := "grafana", 80
		if i%4 == 0 { // a HEALTHCHECK a second costs much
			image, port = "influxdb", 8086
		}
		list = append(list, fmt.Sprintf(`{"name":"%s","image":"%s%s:latest","announce":%d,"port":%d}`, name, images, image, 9000+i, port))
		names = append(names, name)
		gone = append(gone, `{"name":"`+name+`"}`)
	}
	t.Cleanup(func() {
		if r := s.rundock(t, back1, `{"state":"absent","services":[`+strings.Join(gone, ",")+`]}`); r.Failed {
			t.Errorf("remove: %s", r.Msg)
		}
	})
	call := func(services ...string) string {
		return `{"state":"enabled","wait":"announced","services":[` + strings.Join(services, ",") + `]}`
	}
	bad := `{"name":"crowd-bad","image":"` + images + `none:1","announce":8999}`
	r := s.rundock(t, back1, call(append([]string{bad}, list...)...))
	if !r.Failed || !r.Changed || !strings.Contains(r.Msg, "1 of 13 services failed: crowd-bad: ") || !strings.Contains(r.Msg, "none:1") {
		t.Errorf("changed=%v, %s; want it to fail for crowd-bad alone", r.Changed, r.Msg)
	}
	for i, name := range names {
		s.resolves(t, back2, name, fmt.Sprintf("10 100 %d node-back-1.%s.%s.", 9000+i, name, zone))
	}
	for _, flags := range [][]string{{"--check"}, nil} {
		if r := s.rundock(t, back1, call(list...), flags...); r.Failed || r.Changed {
			t.Errorf("the same again %v: failed=%v changed=%v %s", flags, r.Failed, r.Changed, r.Msg)
		}
	}
}

// TestServices_fifty_in_a_call writes them; to run them all takes long.
func TestServices_fifty_in_a_call(t *testing.T) {
	s := need(t)
	var list, gone []string
	for i := range 50 {
		list = append(list, fmt.Sprintf(`{"name":"throng-%d","image":"%sinfluxdb:latest","announce":%d,"port":8086}`, i, images, 9000+i))
		gone = append(gone, fmt.Sprintf(`{"name":"throng-%d"}`, i))
	}
	call := `{"state":"present","services":[` + strings.Join(list, ",") + `]}`
	t.Cleanup(func() { s.install(t, back1, `{"state":"absent","services":[`+strings.Join(gone, ",")+`]}`) })
	for i, step := range []struct {
		flag    string
		changed bool
	}{{"--check", true}, {"", true}, {"--check", false}, {"", false}} {
		if r := s.rundock(t, back1, call, strings.Fields(step.flag)...); r.Failed || r.Changed != step.changed {
			t.Errorf("call %d %s: failed=%v changed=%v %s", i+1, step.flag, r.Failed, r.Changed, r.Msg)
		}
	}
	if got := s.sh(t, back1, "ls -d /etc/sv/docker-throng-* | wc -l"); got != "50" {
		t.Errorf("%s services are there, want 50", got)
	}
}
