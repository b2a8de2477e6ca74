package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/moduletest"
	"rundock/internal/runit"
	"rundock/modules/rundock_overlay/plan"
)

// machine is the host that TestMain made, with runit running, rundockd's
// stand-in installed, and eth0 at 192.0.2.5/24, MTU 1500.
type machine struct {
	t      *testing.T
	module string
}

var runitRuns bool

const hostJSON = `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s",` +
	`"public":{"interface":"eth0"},"private":{"interface":"eth0"},"etcd":{"endpoints":["http://127.0.0.1:2379"]}}`

// onHost returns the machine without any network.
func onHost(t *testing.T) *machine {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	for _, tool := range []string{"runsvdir", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	m := &machine{t, moduletest.Program("rundock_overlay")}
	if !runitRuns {
		m.sh("cp", moduletest.Program("standin"), "/usr/local/bin/rundockd")
		m.sh("sh", "-ec", "ip link set lo up; ip link add eth0 type veth peer name eth9; ip addr add 192.0.2.5/24 dev eth0; for d in eth0 eth9; do ip link set $d addrgenmode none; ip link set $d up; done; ip route add default via 192.0.2.1")
		await.True(t, "the link is up for good", func() bool { return strings.Count(m.sh("ip", "-br", "link"), " UP ") == 2 })
		m.sh("sh", "-ec", "mkdir -p /etc/service /etc/sv /etc/rundock; rm -rf /etc/service/* /etc/sv/*")
		must(t, exec.Command("runsvdir", "-P", "/etc/service", "log: "+strings.Repeat(".", 300)).Start())
		runitRuns = true
	}
	must(t, os.RemoveAll("/run/standin"))
	must(t, os.MkdirAll("/run/standin", 0o755))
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil || len(id) == 0 {
		id = []byte("0123456789abcdef0123456789abcdef\n")
		must(t, os.WriteFile("/etc/machine-id", id, 0o644))
	}
	m.set("machine", strings.TrimSpace(string(id)))
	must(t, os.WriteFile("/etc/rundock/host.json", []byte(hostJSON), 0o644))
	t.Cleanup(func() {
		files, _ := filepath.Glob("/etc/rundock/overlay/*.json")
		for _, f := range files {
			m.t = t
			if a := m.call("state=absent force=true name=" + strings.TrimSuffix(filepath.Base(f), ".json")); a.Failed {
				t.Errorf("cannot be cleaned up: %s", a.raw)
			}
		}
	})
	return m
}

// set has the stand-in behave: file is a fact of its.
func (m *machine) set(file, text string) {
	m.t.Helper()
	must(m.t, os.WriteFile("/run/standin/"+file, []byte(text), 0o644))
}

func (m *machine) unset(file string) { os.Remove("/run/standin/" + file) }

func (m *machine) sh(words ...string) string {
	m.t.Helper()
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

// restart returns when another agent of the network has said how it stands,
// which sv does not wait for.
func (m *machine) restart(network string) {
	m.t.Helper()
	before, err := control.ReadOverlay(control.Dir, network)
	must(m.t, err)
	m.sh("sv", "-w", "60", "restart", "/etc/service/overlay-"+network)
	await.True(m.t, "another agent has said how the network stands", func() bool {
		now, err := control.ReadOverlay(control.Dir, network)
		return err == nil && now.PID != 0 && now.PID != before.PID
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// agent is what the runsv of dir says.
func (m *machine) agent(dir string) runit.Status {
	m.t.Helper()
	s, err := runit.ReadStatus(dir)
	must(m.t, err)
	return s
}

// answer is a module's result.
type answer struct {
	Changed  bool
	Failed   bool
	Msg      string
	Diff     []diff
	Actions  []string
	Warnings []string
	Network  plan.Facts
	raw      string
}

type diff struct {
	Before, After string
	BeforeHeader  string `json:"before_header"`
	AfterHeader   string `json:"after_header"`
}

// call runs the module with arguments as an ad-hoc call writes them.
func (m *machine) call(args string, internal ...string) answer {
	m.t.Helper()
	given := map[string]any{}
	for _, w := range strings.Fields(args) {
		k, v, _ := strings.Cut(w, "=")
		given[k] = v
	}
	got := moduletest.Caller{T: m.t, Module: m.module}.Call(given, internal...)
	a := answer{raw: got.Raw}
	must(m.t, json.Unmarshal([]byte(got.Raw), &a))
	return a
}

// apply makes args so, in the pattern of every test: check, run, check again,
// run again. Check writes nothing, and the last two report no change and have
// nothing done. planned is what check said.
func (m *machine) apply(args string) (planned, done answer) {
	m.t.Helper()
	before := m.state()
	planned = m.call(args, "check_mode")
	if planned.Failed {
		m.t.Fatalf("check of %s failed: %s", args, planned.Msg)
	}
	if after := m.state(); !maps.Equal(before, after) {
		m.t.Errorf("check of %s changed:\n%v\n%v", args, before, after)
	}
	done = m.call(args)
	if done.Failed {
		m.t.Fatalf("%s failed: %s", args, done.Msg)
	}
	if planned.Changed != done.Changed || !slices.Equal(planned.Actions, done.Actions) || planned.Msg != done.Msg || len(planned.Diff) != len(done.Diff) {
		m.t.Errorf("check of %s does not report what the call does:\n check %s call  %s", args, planned.raw, done.raw)
	}
	if len(done.Warnings) > 0 {
		m.t.Errorf("%s warns: %q", args, done.Warnings)
	}
	state := m.state()
	for _, mode := range [][]string{{"check_mode"}, nil} {
		again := m.call(args, mode...)
		if again.Changed || len(again.Diff) > 0 || len(again.Actions) > 0 || again.Failed || !reflect.DeepEqual(again.Network, done.Network) {
			m.t.Errorf("%s again %v: %s, want %s", args, mode, again.raw, done.raw)
		}
	}
	if after := m.state(); !maps.Equal(state, after) {
		m.t.Errorf("%s again changed:\n%v\n%v", args, state, after)
	}
	return planned, done
}

// refuses fails unless the call, and its check, fail with this and change
// nothing.
func (m *machine) refuses(args, want string) {
	m.t.Helper()
	before := m.state()
	for _, mode := range [][]string{{"check_mode"}, nil} {
		if a := m.call(args, mode...); !a.Failed || a.Changed || !strings.Contains(a.Msg, want) {
			m.t.Errorf("%s %v:\n got  %s\n want a failure with %s", args, mode, a.raw, want)
		}
	}
	if after := m.state(); !maps.Equal(before, after) {
		m.t.Errorf("%s is refused, and yet changed:\n%v\n%v", args, before, after)
	}
}

// state is all that a call may change: files with their times, devices, and
// what the stand-in did.
func (m *machine) state() map[string]string {
	m.t.Helper()
	all := map[string]string{"devices": m.sh("ip", "-br", "addr"), "routes": m.sh("ip", "route")}
	data, _ := os.ReadFile("/run/standin/log")
	all["done"] = string(data)
	maps.Copy(all, moduletest.FilesBelow(m.t, "/etc/sv", "/etc/service/", "/etc/rundock"))
	return all
}

// wantActions fails unless exactly these were done.
func (m *machine) wantActions(a answer, want ...string) {
	m.t.Helper()
	if !slices.Equal(a.Actions, want) {
		m.t.Errorf("actions = %q, want %q", a.Actions, want)
	}
}

// wantDiff fails unless the diff is of exactly these.
func (m *machine) wantDiff(a answer, want ...string) {
	m.t.Helper()
	var got []string
	for _, d := range a.Diff {
		name := d.AfterHeader
		if name == "/dev/null" {
			name = d.BeforeHeader
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		m.t.Errorf("diff is of %q, want %q", got, want)
	}
}

// commands is the diff's last part: what happens outside of files.
func (a answer) commands() string {
	if len(a.Diff) == 0 {
		return ""
	}
	return a.Diff[len(a.Diff)-1].After
}
