package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// each is what a call with services answers for every one of them.
func each(t *testing.T, a answer) map[string]answer {
	t.Helper()
	var got struct{ Results []json.RawMessage }
	must(t, json.Unmarshal([]byte(a.raw), &got))
	all := map[string]answer{}
	for _, r := range got.Results {
		var one answer
		var name struct{ Name string }
		must(t, json.Unmarshal(r, &name))
		must(t, json.Unmarshal(r, &one))
		all[name.Name] = one
	}
	return all
}

func TestServicesAreCheckedAllBeforeAnyIsDone(t *testing.T) {
	m := onHost(t)
	for _, c := range []struct{ args, want string }{
		{"services=[]", "value of services must be one or more services, got none"},
		{`services='[{"image":"app:1"}]'`, "missing required arguments: name found in services"},
		{`services='[{"name":"one","image":"app:1","services":[]}]'`, "services"},
		{`services='[{"name":"one","image":"app:1"},{"name":"../x","image":"app:1"}]'`, "got: \"../x\" found in services[1]"},
		{`services='[{"name":"one","image":"app:1"},{"name":"two"}]'`, "state is present but any of the following are missing: image, announce, announces found in services[1]"},
		{`services='[{"name":"one","image":"App"},{"name":"two"}]'`, "found in services[0]; state is present"},
		{`services='[{"name":"one","image":"app:1"},{"name":"two","image":"app:1","args":"--none"}]'`, "found in services[1]"},
		{`services='[{"name":"one","image":"app:1"},{"name":"one","image":"app:2"}]'`, "value of services[1].name must be another than that of services[0], got: one"},
		{`services='[{"name":"one","image":"app:1"}]' name=two`, "parameters are mutually exclusive: services|name"},
		{`services='[{"name":"one","image":"app:1"}]' announce=80`, "parameters are mutually exclusive: services|announce"},
		{`services='[{"name":"one","image":"app:1","announce":80,"announces":[{"port":81}]}]'`, "parameters are mutually exclusive: announces|announce found in services"},
		{`services='[{"name":"one","image":"app:1","announce":80},{"name":"two","image":"app:1","args":"-p 80:8080"}]'`, "services one and two both publish 80:8080"},
		{`services='[{"name":"one","image":"app:1","announce":80},{"name":"two","image":"app:1","announces":[{"port":81},{"port":80,"name":"x"}]}]'`, "services one and two both publish 127.0.0.1:80:80"},
		{`services='[{"name":"one","image":"app:1","wait_timeout":0}]'`, "value of wait_timeout must be between 1 and 86400, got: 0 found in services[0]"},
	} {
		m.refuses(c.args, c.want)
	}
}

func TestServicesTakeWhatStandsBesideThem(t *testing.T) {
	m := onHost(t)
	a := m.apply(`state=enabled stop_timeout=20 log='{"size":"1M"}' services='[{"name":"one","image":"app:1"},{"name":"two","image":"app:1","env":{"A":"1"},"stop_timeout":30,"log":{"keep":2},"state":"present"}]'`)
	results := each(t, a)
	if got := results["one"].Actions; !slices.Equal(got, []string{"installed", "enabled"}) {
		t.Errorf("actions of one = %q, want it enabled", got)
	}
	if got := results["two"].Actions; !slices.Equal(got, []string{"installed"}) {
		t.Errorf("actions of two = %q, want it installed", got)
	}
	for path, want := range map[string]string{
		"docker-one/service.json": `"stop_timeout": 20`, "docker-two/run": "-e A", "docker-two/service.json": `"stop_timeout": 30`,
		"docker-one/log/config": "s1048576\nn10\n", "docker-two/log/config": "s1048576\nn2\n",
	} {
		if data, err := os.ReadFile("/etc/sv/" + path); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s is %q, %v; want in it %q", path, data, err, want)
		}
	}
	if want := "2 services, changed: one, two"; a.Msg != want {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	m.apply(`state=absent services='[{"name":"one"},{"name":"two"}]'`)
}

func TestOneOfManyServicesFails(t *testing.T) {
	m := onHost(t)
	const call = `state=enabled wait_timeout=5 services='[{"name":"well","image":"app:1"},{"name":"loop","image":"crashes"},{"name":"fine","image":"app:1"}]'`
	a := m.call(call)
	if want := "1 of 3 services failed: loop: loop is not running after 5s"; !a.Failed || !strings.HasPrefix(a.Msg, want) {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	results := each(t, a)
	for _, name := range []string{"well", "fine"} {
		if r := results[name]; r.Failed || !r.Changed || r.Service["running"] != true {
			t.Errorf("result of %s = %+v, want it changed and running", name, r)
		}
	}
	if r := results["loop"]; !r.Failed || !r.Changed || !strings.Contains(r.Msg, "is not running") {
		t.Errorf("result of loop = %+v, want it failed", r)
	}
	if n := strings.Count(m.asked(), "started"); n != 1 {
		t.Errorf("rundockd was executed %d times, want once for all", n)
	}
	m.call(`state=absent services='[{"name":"well"},{"name":"loop"},{"name":"fine"}]'`)
}

func TestFiftyServicesInACall(t *testing.T) {
	m := onHost(t)
	var list, names []string
	for i := range 50 {
		list = append(list, fmt.Sprintf(`{"name":"many-%d","image":"app:1","announce":%d}`, i, 8000+i))
		names = append(names, fmt.Sprintf(`{"name":"many-%d"}`, i))
	}
	a := m.apply(`services='[` + strings.Join(list, ",") + `]'`)
	if len(each(t, a)) != 50 || len(a.Diff) != 50*12 {
		t.Errorf("%d results and %d diffs, want 50 and 600", len(each(t, a)), len(a.Diff))
	}
	m.apply(`state=absent services='[` + strings.Join(names, ",") + `]'`)
}
