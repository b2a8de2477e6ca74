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

// all is a container whose every string is v, and whose every list, map and
// pointer holds something.
func all(v string) Container {
	var c Container
	fill(reflect.ValueOf(&c).Elem(), v)
	return c
}

func fill(to reflect.Value, v string) {
	switch to.Kind() {
	case reflect.String:
		to.SetString(v)
	case reflect.Struct:
		for i := range to.NumField() {
			fill(to.Field(i), v)
		}
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		fill(to.Elem(), v)
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), 1, 1))
		fill(to.Index(0), v)
	case reflect.Map:
		to.Set(reflect.ValueOf(map[string]string{v: v}))
	}
}

// spoil changes what can be reached from c by a reference.
func spoil(c reflect.Value) {
	switch c.Kind() {
	case reflect.Struct:
		for i := range c.NumField() {
			spoil(c.Field(i))
		}
	case reflect.Pointer:
		if c.Type().Elem().Kind() == reflect.Int {
			c.Elem().SetInt(77)
			return
		}
		fill(c.Elem(), "spoilt")
	case reflect.Slice:
		for i := range c.Len() {
			spoil(c.Index(i)) // what the elements refer to, before the elements
			fill(c.Index(i), "spoilt")
		}
	case reflect.Map:
		c.SetMapIndex(reflect.ValueOf("$HOST"), reflect.ValueOf("spoilt"))
	}
}

func TestContainerExpand_replaces_exactly_the_documented_fields(t *testing.T) {
	want := all("$HOST")
	want.Entrypoint, want.Command, want.Ports, want.Volumes = []string{"n"}, []string{"n"}, []string{"n"}, []string{"n"}
	want.ExtraHosts, want.DNS, want.Hostname = []string{"n"}, []string{"n"}, "n"
	want.Mounts[0].Source, want.Mounts[0].Target = "n", "n"
	want.Env, want.Labels = map[string]string{"$HOST": "n"}, map[string]string{"$HOST": "n"}
	if got := all("$HOST").Expand(map[string]string{"HOST": "n"}); !reflect.DeepEqual(got, want) {
		t.Errorf("Expand\n got %s\nwant %s", asJSON(got), asJSON(want))
	}
}

func TestContainerExpand_changes_nothing_of_the_original(t *testing.T) {
	c := all("$HOST")
	got := c.Expand(map[string]string{"HOST": "n"})
	spoil(reflect.ValueOf(&got).Elem())
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
