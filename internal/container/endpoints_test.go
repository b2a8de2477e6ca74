package container

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestEnsureOverlay_tells_the_ends_of_a_network_that_is_right(t *testing.T) {
	d := newDaemon()
	d.network = fmt.Sprintf(`{"Name":"apps","Driver":"bridge","Labels":{"rundock.overlay":"apps"},"IPAM":{"Config":[{"Subnet":"10.42.3.0/24","Gateway":"10.42.3.1"}]},
		"Options":{"com.docker.network.bridge.name":"ovl7","com.docker.network.bridge.enable_ip_masquerade":"false","com.docker.network.driver.mtu":"1450"},"Containers":{
		%q:{"Name":"web","EndpointID":"e1","IPv4Address":"10.42.3.2/24"},
		"ep-e3":{"Name":"gone","EndpointID":"e3","IPv4Address":"10.42.3.4/24"},
		"attaching":{"Name":"attaching","EndpointID":"e4","IPv4Address":""}}}`, d.containers["web"])
	apps := Overlay{Name: "apps", Bridge: "ovl7", Subnet: netip.MustParsePrefix("10.42.3.0/24"), Gateway: netip.MustParseAddr("10.42.3.1"), MTU: 1450}
	done, err := d.open(t).EnsureOverlay(t.Context(), apps)
	if err != nil || done.Changed {
		t.Fatalf("EnsureOverlay = %+v, %v of a network that is right", done, err)
	}
	ends := done.Endpoints
	web := Endpoint{ID: "e1", Address: netip.MustParseAddr("10.42.3.2"), Name: "web", container: d.containers["web"]}
	if len(ends) != 1 || ends[0] != web {
		t.Errorf("ends are %+v, want %+v", ends, web)
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("the daemon was asked %d times for the network, want once", n)
	}
}

func TestSandbox_of_others_is_known_while_a_container_is_starting(t *testing.T) {
	d := newDaemon()
	d.starting = "cafe"
	c := d.open(t)
	c.limits.endpoint = soon
	end := func(name string) Endpoint { return Endpoint{Name: name, container: d.containers[name]} }
	if s, err := c.Sandbox(t.Context(), end("cafe")); err == nil || !strings.Contains(err.Error(), "container cafe: ") {
		t.Errorf("that of one that is starting is %+v, %v, want why it is not known", s, err)
	}
	if s, err := c.Sandbox(t.Context(), end("web")); err != nil || s != "/run/docker/netns/web" {
		t.Errorf("that of web is %q, %v", s, err)
	}
	if s, err := c.Sandbox(t.Context(), Endpoint{Name: "gone", container: strings.Repeat("f", 64)}); err != nil || s != "" {
		t.Errorf("that of one that has gone is %+v, %v", s, err)
	}
}
