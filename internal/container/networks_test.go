package container

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"rundock/internal/spec"
)

func TestCheckNetworks_refuses_an_address_that_another_has(t *testing.T) {
	d := newDaemon()
	d.state.Store(&container.State{Running: true})
	d.network = fmt.Sprintf(`{"IPAM":{"Config":[{"Subnet":"10.9.0.0/24","Gateway":"10.9.0.1"}]},"Containers":{%q:{"Name":"web","IPv4Address":"10.9.0.7/24"},"ep-5":{"Name":"cafe"}}}`, d.containers["web"])
	c := d.open(t)
	for _, it := range []struct{ ip, service, want string }{
		{"10.9.0.7", "cafe", "network apps: address 10.9.0.7 is container web's"},
		{"10.9.0.7", "web", ""},
		{"10.9.0.8", "cafe", ""},
		{"10.9.0.1", "cafe", "network apps: address 10.9.0.1 is its gateway's"},
		{"10.8.0.1", "cafe", "network apps: address 10.8.0.1 is in none of its subnets: 10.9.0.0/24"},
	} {
		want := spec.Container{Image: "x", Network: "apps", Endpoint: &spec.Network{IPv4: it.ip}}
		if err := c.checkNetworks(t.Context(), want, it.service); it.want == "" && err != nil || it.want != "" && fmt.Sprint(err) != it.want {
			t.Errorf("%s for service %s: %v, want %q", it.ip, it.service, err, it.want)
		}
	}
}

func TestGatewayOf(t *testing.T) {
	for _, c := range []struct{ subnet, gateway, want string }{
		{"10.9.0.0/24", "10.9.0.254", "10.9.0.254"},
		{"10.9.0.0/24", "", "10.9.0.1"},
		{"10.9.0.128/25", "", "10.9.0.129"},
		{"", "", "invalid IP"},
	} {
		if got := gatewayOf(network.IPAMConfig{Subnet: c.subnet, Gateway: c.gateway}).String(); got != c.want {
			t.Errorf("gateway of %q, %q = %s, want %s", c.subnet, c.gateway, got, c.want)
		}
	}
}

func TestUnpublished_names_the_network(t *testing.T) {
	d := newDaemon()
	c := d.open(t)
	for shown, want := range map[string]string{
		`{"Driver":"bridge"}`:                 "",
		`{"Driver":"bridge","Internal":true}`: "network apps is internal",
		`{"Driver":"macvlan"}`:                "network apps is of driver macvlan",
	} {
		d.network = shown
		if why, err := c.Unpublished(t.Context(), []string{"apps"}); why != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", shown, why, err, want)
		}
	}
	if why, err := c.Unpublished(t.Context(), nil); why != "" || err != nil {
		t.Errorf("in no network: %q, %v; want nothing", why, err)
	}
	d.refusal = "gone"
	if why, err := c.Unpublished(t.Context(), []string{"apps"}); why != "" || err != nil {
		t.Errorf("in a network that is not there: %q, %v; want nothing", why, err)
	}
}

func TestStateOf_tells_of_a_HEALTHCHECK_before_the_container_runs(t *testing.T) {
	for test, want := range map[string]bool{"": false, "NONE": false, "CMD-SHELL true": true, "CMD true": true} {
		r := container.InspectResponse{
			ContainerJSONBase: &container.ContainerJSONBase{Name: "/web", HostConfig: &container.HostConfig{}},
			Config:            &container.Config{Healthcheck: &container.HealthConfig{Test: strings.Fields(test)}},
		}
		if got := stateOf(r).Checked; got != want {
			t.Errorf("HEALTHCHECK %q: checked = %v, want %v", test, got, want)
		}
	}
}
