package stack

import (
	"reflect"
	"strings"
	"testing"

	"rundock/internal/spec"
)

func service(volumes ...string) Service {
	return Service{Container: spec.Container{Image: "app:1"}, Replicas: 1, Volumes: volumes}
}

func TestPods(t *testing.T) {
	share := func(s Service, p Pod) Service { s.Pod = p; return s }
	for _, c := range []struct {
		name     string
		services map[string]Service
		want     string
	}{
		{"nothing is shared", map[string]Service{"b": service(), "a": service()}, "a; b"},
		{"namespaces", map[string]Service{"web": service(), "log": share(service(), Pod{PID: "web"}), "net": share(service(), Pod{Network: "log"})}, "log net web"},
		{"volumes of a container", map[string]Service{"db": service(), "dump": share(service(), Pod{VolumesFrom: []string{"db:ro"}}), "web": service()}, "db dump; web"},
		{"a volume of the host", map[string]Service{"a": service("data"), "b": service("data"), "c": service("other")}, "a b; c"},
		{"a volume that is the same everywhere", map[string]Service{"a": service("nfs"), "b": service("nfs")}, "a; b"},
		{"by way of another", map[string]Service{"a": service("data"), "b": service("data", "other"), "c": service("other")}, "a b c"},
		{"a service that is not there", map[string]Service{"a": share(service(), Pod{IPC: "gone"})}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Stack{Services: c.services, Volumes: map[string]Volume{"data": {Name: "data"}, "other": {Name: "other"}, "nfs": {Name: "nfs", Shared: true}}}
			var pods []string
			for _, p := range s.Pods() {
				pods = append(pods, strings.Join(p, " "))
			}
			if got := strings.Join(pods, "; "); got != c.want {
				t.Errorf("Pods() = %s, want %s", got, c.want)
			}
		})
	}
}

func TestParse_reads_what_JSON_wrote(t *testing.T) {
	s := Stack{Version: Version, Name: "shop", Services: map[string]Service{"web": service("data")}, Volumes: map[string]Volume{"data": {Name: "shop_data"}}}
	got, err := Parse(s.JSON())
	if err != nil || !reflect.DeepEqual(got, s) || got.Hash() != s.Hash() {
		t.Errorf("Parse(%s) = %+v, %v", s.JSON(), got, err)
	}
	for data, want := range map[string]string{
		`{"version":2}`:              "version is 2, this rundockd reads 1",
		`{"version":1,"sevices":{}}`: `unknown field "sevices"`,
	} {
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s): error is %v, want it to say %s", data, err, want)
		}
	}
}

// A service that says no more than it must has a JSON of that alone: fields
// that come later must not give old models another hash.
func TestJSON_leaves_out_what_is_zero(t *testing.T) {
	s := Stack{Version: Version, Name: "shop", Services: map[string]Service{"web": service()}}
	const want = `{"version":1,"name":"shop","services":{"web":{"container":{"image":"app:1"},"replicas":1}}}`
	if got := string(s.JSON()); got != want {
		t.Errorf("JSON() = %s, want %s", got, want)
	}
}

func TestRule_String(t *testing.T) {
	for want, r := range map[string]Rule{
		"node==a*":           {Key: KeyNode, Value: "a*"},
		"labels.zone!=/b|c/": {Key: LabelPrefix + "zone", Not: true, Value: "b|c", Match: Regexp},
		"container!=~web_*":  {Key: KeyContainer, Not: true, Value: "web_*", Soft: true},
		"role == manager":    {Key: KeyRole, Value: "manager", Match: Word},
	} {
		if got := r.String(); got != want {
			t.Errorf("%+v is shown as %s, want %s", r, got, want)
		}
	}
}

func TestNeed_is_what_is_reserved_or_else_the_limit(t *testing.T) {
	r := Resources{Limit: Amount{CPU: 2000, Memory: 512}, Reserve: Amount{Memory: 128}}
	if got, want := r.Need(), (Amount{CPU: 2000, Memory: 128}); got != want {
		t.Errorf("Need() = %+v, want %+v", got, want)
	}
}
