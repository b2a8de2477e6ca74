package main

import (
	"os"
	"strings"
	"testing"
)

// Each is a call with one mistake, and what it is told.
func TestAnnouncesAreChecked(t *testing.T) {
	m := onHost(t)
	const call = "name=calm image=app:1 announces="
	for _, c := range []struct{ args, want string }{
		{call + `'[{"port":0}]'`, "value of announces[0].port must be between 1 and 65535, got: 0"},
		{call + `'[{"port":"http"}]'`, "announces"},
		{call + `'[{"port":80},{"name":"x"}]'`, "missing required arguments: port found in announces[1]: only the first announcement may be an address alone"},
		{call + `'[{"container_port":80}]'`, "missing parameter(s) required by 'announces[0].container_port', 'announces[0].protocol': port"},
		{call + `'[{"check":{"type":"http"}}]'`, "missing parameter(s) required by 'announces[0].check.type=http' where an address alone is announced: check.port"},
		{call + `'[{"as":"container"}]' args='--network none'`, "announces[0]: the container is in network none"},
		{"name=calm announces=" + `'[{"as":"private"}]'`, "missing parameter(s) required by an address alone: image or check found in announces[0]"},
		{call + `'[{"port":80,"prot":"udp"}]'`, "prot"},
		{call + `'[{"port":80,"protocol":"sctp"}]'`, "value of protocol must be one of: tcp, udp, got: sctp found in announces"},
		{call + `'[{"port":80,"as":"both"}]'`, "value of as must be one of: public, private, container, got: both found in announces"},
		{call + `'[{"port":80,"name":"http"}]'`, "value of announces[0].name must be left out: the first announcement is the service's own, got: http"},
		{call + `'[{"port":80},{"port":81}]'`, "missing required arguments: name found in announces[1]"},
		{call + `'[{"port":80},{"port":81,"name":"a.b"}]'`, `value of announces[1].name must be up to 62 of a-z, 0-9 and -, neither the first nor the last a -, got: "a.b"`},
		{call + `'[{"port":80},{"port":81,"name":"a"},{"port":82,"name":"a"}]'`, "value of announces[2].name must be another than that of announces[1], got: a"},
		{call + `'[{"port":80},{"port":80,"name":"a"}]'`, "value of announces[1].port must be another than that of announces[0], which is announced as private by tcp too, got: 80"},
		{call + `'[{"port":80,"container_port":70000}]'`, "value of announces[0].container_port must be between 1 and 65535, got: 70000"},
		{call + `'[{"port":80,"priority":0}]'`, "value of announces[0].priority must be between 1 and 65535, got: 0"},
		{call + `'[{"port":80,"weight":70000}]'`, "value of announces[0].weight must be between 1 and 65535, got: 70000"},
		{call + `'[{"port":80,"lease":4}]'`, "value of announces[0].lease must be between 5 and 86400, got: 4"},
		{call + `'[{"port":80,"network":"front"}]'`, "missing parameter(s) required by 'announces[0].network': as=container"},
		{call + `'[{"port":80,"tags":["a",""]}]'`, "value of announces[0].tags must be words"},
		{call + `'[{"port":80,"meta":{"a":[1]}}]'`, "argument 'a' is of type <class 'list'> found in 'announces -> meta'."},
		{call + `'[{"port":80,"check":{}}]'`, "missing required arguments: type found in announces -> check"},
		{call + `'[{"port":80,"check":{"type":"icmp"}}]'`, "value of type must be one of: docker, tcp, http, exec, got: icmp found in announces -> check"},
		{call + `'[{"port":80,"check":{"type":"tcp","path":"/"}}]'`, "value of announces[0].check.type must be one of: http where path is given, got: tcp"},
		{call + `'[{"port":80,"check":{"type":"http","path":"x"}}]'`, `value of announces[0].check.path must begin with a slash and hold no space, got: "x"`},
		{call + `'[{"port":80,"check":{"type":"exec"}}]'`, "missing parameter(s) required by 'announces[0].check.type=exec': command"},
		{call + `'[{"port":80,"check":{"type":"exec","command":["true"],"port":80}}]'`, "value of announces[0].check.type must be one of: tcp, http where port is given, got: exec"},
		{call + `'[{"port":80,"check":{"type":"docker","rise":2}}]'`, "value of announces[0].check.type must be one of: tcp, http, exec where rise is given, got: docker"},
		{call + `'[{"port":80,"check":{"type":"tcp","interval":"5"}}]'`, `value of announces[0].check.interval must be a duration such as 500ms, 10s or 1m30s, from 10ms to 24h, got: "5"`},
		{call + `'[{"port":80,"check":{"type":"tcp","timeout":"1ms"}}]'`, "value of announces[0].check.timeout must be a duration"},
		{call + `'[{"port":80,"check":{"type":"tcp","rise":0}}]'`, "value of announces[0].check.rise must be between 1 and 1000, got: 0"},
		{call + `'[{"port":80,"check":{"type":"tcp","fall":-1}}]'`, "value of announces[0].check.fall must be between 1 and 1000, got: -1"},
		{call + `'[{"port":80}]' announce=80`, "parameters are mutually exclusive: announces|announce"},
		{call + `'[{"port":80}]' port=80`, "parameters are mutually exclusive: announces|port"},
		{call + `'[{"port":80}]' announce_as=public`, "parameters are mutually exclusive: announces|announce_as"},
		{call + `'[{"port":80}]' args='--network none'`, "announces[0].port=80: the container is in network none"},
		{call + `'[{"port":80,"as":"container","network":"n9"}]'`, "announces[0].port=80: network is n9, in which the container is not to be: it is in bridge"},
		{call + `'[{"port":80,"as":"container","network":"n9"}]' args='--network n7 --network n8'`, "network is n9, in which the container is not to be: it is in n7, n8"},
		{call + `'[{"port":80,"as":"container"}]' args='--network host'`, "announces[0].port=80: the container is in network host, where it has no address of its own"},
		{call + `'[{"port":80,"tags":["a"],"meta":{"a":"` + strings.Repeat("x", 1<<16) + `"}}]'`, "value of announces[0]: tags and meta must have at most 65536 bytes together, as a store takes no larger record, got: 65538"},
		{call + `'[{"port":80},{"port":81,"name":"b","container_port":9}]' args='-p 81:8'`, "announces[1].port=81: it is published as port 8 of the container, but container_port is 9: make them equal"},
		{"name=calm_1 image=app:1 announces=" + `'[{"port":80}]'`, "value of name must be a DNS label when the service is announced"},
		{"name=calm.1 image=app:1 announces=" + `'[{"port":80}]'`, "value of name must be a DNS label when the service is announced"},
		{"name=calm announces=" + `'[{"port":80,"as":"container"}]'`, "missing parameter(s) required by 'announces[0].as=container': image"},
		{"name=calm announces=" + `'[{"port":80,"check":{"type":"docker"}}]'`, "missing parameter(s) required by 'announces[0].check.type=docker': image"},
		{"name=calm announces=[]", "state is present but any of the following are missing: image, announce, announces"},
	} {
		m.refuses(c.args, c.want)
	}
}

// The long form with nothing but a port is the short one; defaults given or
// not make no difference to the files.
func TestAnnouncesLongAndShort(t *testing.T) {
	m := onHost(t)
	const name = "name=long image=app:1 "
	m.apply(name + "announce=8087 port=80")
	for _, same := range []string{
		`announces='[{"port":8087,"container_port":80}]'`,
		`announces='[{"port":"8087","container_port":80,"protocol":"tcp","as":"private","priority":10,"weight":100,"lease":15}]'`,
	} {
		if a := m.apply(name + same); a.Changed {
			t.Errorf("%s changes %v, want it to be announce=8087 port=80", same, a.Actions)
		}
	}
	a := m.apply(name + `announces='[{"port":8087,"container_port":80,"tags":["a"],"meta":{"version":"7"},"check":{"type":"http","interval":"60s","fall":3}},{"port":53,"name":"dns","protocol":"udp","as":"public"}]'`)
	m.wantActions(a, "files updated")
	written, err := os.ReadFile("/etc/sv/docker-long/services/announce/announce.json")
	must(t, err)
	want := `"announces": [
    {
      "port": 8087,
      "container_port": 80,
      "tags": [
        "a"
      ],
      "meta": {
        "version": "7"
      },
      "check": {
        "type": "http",
        "interval": "1m0s"
      }
    },
    {
      "name": "dns",
      "port": 53,
      "protocol": "udp",
      "as": "public"
    }
  ]`
	if !strings.Contains(string(written), want) {
		t.Errorf("announce.json is\n%s\nwant in it\n%s", written, want)
	}
	service, err := os.ReadFile("/etc/sv/docker-long/services/service/service.json")
	must(t, err)
	if want := `"$PRIVATE_IP:8087:80",
      "$PUBLIC_IP:53:53/udp"`; !strings.Contains(string(service), want) {
		t.Errorf("service.json is\n%s\nwant in it the ports %s", service, want)
	}
	if a := m.apply(name + `announces='[{"port":8087,"container_port":80,"tags":["a"],"meta":{"version":"7"},"check":{"type":"http","interval":"1m"}},{"port":53,"name":"dns","protocol":"udp","as":"public"}]'`); a.Changed {
		t.Errorf("the same, spelt otherwise, changes %v", a.Actions)
	}
	m.apply("state=absent name=long")
}
