package container

import (
	"fmt"
	"strings"
	"testing"
)

func TestOverlayEnds_of_others_are_known_while_a_container_is_starting(t *testing.T) {
	d := newDaemon()
	d.starting = "cafe"
	d.network = fmt.Sprintf(`{"Name":"apps","Containers":{
		%q:{"Name":"web","EndpointID":"e1","IPv4Address":"10.42.3.2/24"},
		%q:{"Name":"cafe","EndpointID":"e2","IPv4Address":"10.42.3.3/24"},
		"ep-e3":{"Name":"gone","EndpointID":"e3","IPv4Address":"10.42.3.4/24"},
		"seen":{"Name":"seen","EndpointID":"e4","IPv4Address":"10.42.3.5/24"}}}`, d.containers["web"], d.containers["cafe"])
	c := d.open(t)
	c.limits.end = soon
	ends, err := c.OverlayEnds(t.Context(), "apps", func(id string) bool { return id == "e4" })
	if err != nil || len(ends) != 3 {
		t.Fatalf("OverlayEnds = %v, %v, want those of web, cafe and seen", ends, err)
	}
	if web := ends["e1"]; web.Sandbox != "/run/docker/netns/web" || web.Address.String() != "10.42.3.2" || web.Unanswered != nil {
		t.Errorf("web is %+v", web)
	}
	if cafe := ends["e2"]; cafe.Unanswered == nil || !strings.Contains(cafe.Unanswered.Error(), "container cafe: ") {
		t.Errorf("cafe is %+v, want why it is not known", cafe)
	}
	if seen := ends["e4"]; seen != (End{}) {
		t.Errorf("one that is known is asked for: %+v", seen)
	}
}
