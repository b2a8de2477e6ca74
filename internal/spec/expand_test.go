package spec

import (
	"reflect"
	"slices"
	"testing"
)

func TestExpand(t *testing.T) {
	vars := map[string]string{"PRIVATE_IP": "10.0.0.1", "PUBLIC_IP": "192.0.2.1", "ANNOUNCE_IP": "$HOST", "HOST": "node-1", "HOME": "/root"}
	cases := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"$PRIVATE_IP", "10.0.0.1"},
		{"http://$PRIVATE_IP:80/${HOST}.txt", "http://10.0.0.1:80/node-1.txt"},
		{"$PUBLIC_IP$HOST${HOST}x", "192.0.2.1node-1node-1x"},
		{"$HOSTNAME ${HOSTNAME} $HOME ${HOME}", "$HOSTNAME ${HOSTNAME} $HOME ${HOME}"},
		{"$HOST-1 $HOST.x", "node-1-1 node-1.x"},
		{"${HOST-} ${HOST:-x} ${HOST", "${HOST-} ${HOST:-x} ${HOST"},
		{"$$ $1 $ ${} $", "$$ $1 $ ${} $"},
		{"$$HOST", "$node-1"},
		{"$host", "$host"},
		{"$ANNOUNCE_IP", "$HOST"}, // what was put in is not expanded again
	}
	for _, c := range cases {
		if got := Expand(c.in, vars); got != c.want {
			t.Errorf("Expand(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got := Expand("$HOST $PUBLIC_IP", map[string]string{"HOST": "a"}); got != "a $PUBLIC_IP" {
		t.Errorf("a variable without a value: got %q, want it left as it is", got)
	}
}

// all is a container in which every string may be expanded.
func all(v string) Container {
	return Container{
		Image: v, Entrypoint: []string{v}, Command: []string{v}, Env: map[string]string{v: v}, EnvFiles: []string{v}, User: v,
		Workdir: v, Hostname: v, Network: v, Ports: []string{v}, Volumes: []string{v}, VolumesFrom: []string{v},
		Tmpfs: map[string]string{v: v}, CPUs: v, Labels: map[string]string{v: v}, CapAdd: []string{v}, CapDrop: []string{v},
		Devices: []string{v}, Ulimits: []string{v}, Healthcheck: &Healthcheck{Command: v}, ExtraHosts: []string{v},
		DNS: []string{v}, LogOptions: map[string]string{v: v},
	}
}

func TestContainerExpand_replaces_exactly_the_documented_fields(t *testing.T) {
	want := all("$HOST")
	want.Entrypoint, want.Command, want.Ports, want.Volumes = []string{"n"}, []string{"n"}, []string{"n"}, []string{"n"}
	want.ExtraHosts, want.DNS, want.Hostname = []string{"n"}, []string{"n"}, "n"
	want.Env, want.Labels = map[string]string{"$HOST": "n"}, map[string]string{"$HOST": "n"}
	if got := all("$HOST").Expand(map[string]string{"HOST": "n"}); !reflect.DeepEqual(got, want) {
		t.Errorf("Expand\n got %s\nwant %s", asJSON(got), asJSON(want))
	}
}

func TestContainerExpand_changes_nothing_of_the_original(t *testing.T) {
	c := all("$HOST")
	got := c.Expand(map[string]string{"HOST": "n"})
	for _, s := range [][]string{got.EnvFiles, got.VolumesFrom, got.CapAdd, got.CapDrop, got.Devices, got.Ulimits, got.Ports} {
		s[0] = "changed"
	}
	for _, m := range []map[string]string{got.Tmpfs, got.LogOptions, got.Env} {
		m["$HOST"] = "changed"
	}
	got.Healthcheck.Command = "changed"
	if !reflect.DeepEqual(c, all("$HOST")) {
		t.Errorf("the original became %s", asJSON(c))
	}
	if empty := (Container{}).Expand(nil); !reflect.DeepEqual(empty, Container{}) {
		t.Errorf("an empty container expands to %s", asJSON(empty))
	}
}

func TestVariables(t *testing.T) {
	cases := []struct {
		args string
		want []string
	}{
		{`-p 80:80 -e A=$HOME`, nil},
		{`-p $PRIVATE_IP:80:80 -p ${PUBLIC_IP}:81:80 -e A=$PRIVATE_IP`, []string{"PRIVATE_IP", "PUBLIC_IP"}},
		{`-l a=$HOST -- serve --at $ANNOUNCE_IP`, []string{"ANNOUNCE_IP", "HOST"}},
		{`--health-cmd 'echo $HOST'`, nil},
	}
	for _, c := range cases {
		parsed, err := ParseArgs(c.args)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Variables(); !slices.Equal(got, c.want) {
			t.Errorf("%s: Variables() = %v, want %v", c.args, got, c.want)
		}
	}
}

// The table of flags says which of them hold variables.
func TestFlags_with_variables_are_those_that_Expand_changes(t *testing.T) {
	c := all("$HOST")
	expanded := c.Expand(map[string]string{"HOST": "n"})
	for _, f := range flags {
		if changed := !reflect.DeepEqual(f.get(&c), f.get(&expanded)); changed != f.variables {
			t.Errorf("--%s: Expand changes it: %v; the table says %v", f.long, changed, f.variables)
		}
	}
}
