package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/moduletest"
	"rundock/internal/runit"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/task"
)

// machine is the host that TestMain made, with runit running and rundockd's
// stand-in installed.
type machine struct {
	t      *testing.T
	module string
}

var runitRuns bool

// onHost returns the machine in its first state: no service, host.json there.
func onHost(t *testing.T) *machine {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	if _, err := exec.LookPath("runsvdir"); err != nil {
		t.Skip("runit is not installed")
	}
	if !runitRuns {
		for _, d := range []string{"/etc/service", "/etc/sv"} {
			must(t, os.MkdirAll(resolve(d), 0o755))
			must(t, empty(resolve(d)))
		}
		must(t, exec.Command("runsvdir", "-P", "/etc/service", "log: "+strings.Repeat(".", 300)).Start())
		runitRuns = true
	}
	must(t, os.MkdirAll("/etc/rundock", 0o755))
	if services, _ := os.ReadDir("/etc/sv"); len(services) == 0 {
		must(t, os.RemoveAll("/run/standin")) // the containers that earlier tests had
	}
	must(t, os.MkdirAll("/run/standin", 0o755))
	os.Remove("/run/standin/ctl.log")
	must(t, os.WriteFile("/etc/rundock/host.json", []byte(hostJSON), 0o644))
	must(t, exec.Command("cp", "--remove-destination", moduletest.Program("standin"), "/usr/local/bin/rundockd").Run())
	return &machine{t, moduletest.Program("rundock")}
}

// testHost is main's, but for its patience.
var testHost = task.Host{Config: "/etc/rundock/host.json", Program: "/usr/local/bin/rundockd", Run: "/run/rundock", State: "/var/lib/rundock", Slack: time.Second}

// newTask is the task for p on testHost.
func newTask(t *testing.T, p params.Params) *task.Task {
	t.Helper()
	session := &control.Session{Program: testHost.Program}
	t.Cleanup(session.Close)
	one, err := task.New(testHost, p, false, session)
	must(t, err)
	return one
}

const hostJSON = `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s",` +
	`"public":{"interface":"lo"},"private":{"interface":"lo"},"etcd":{"endpoints":["http://127.0.0.1:2379"]}}`

func resolve(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a module's result.
type answer struct {
	Changed  bool
	Failed   bool
	Msg      string
	Diff     []struct{ Before, After, BeforeHeader, AfterHeader string }
	Actions  []string
	Warnings []string
	Service  map[string]any
	raw      string
	code     int
}

// call runs the module with arguments as an ad-hoc call writes them.
func (m *machine) call(args string, internal ...string) answer {
	m.t.Helper()
	given := map[string]any{"_ansible_diff": true}
	for _, i := range internal {
		given["_ansible_"+i] = true
	}
	for _, w := range words(args) {
		k, v, _ := strings.Cut(w, "=")
		given[k] = v
	}
	return m.callJSON(given)
}

// callJSON runs the module with arguments as a playbook hands them over.
func (m *machine) callJSON(given map[string]any) answer {
	m.t.Helper()
	data, err := json.Marshal(given)
	must(m.t, err)
	file := filepath.Join(m.t.TempDir(), "args")
	must(m.t, os.WriteFile(file, data, 0o600))
	return m.run(data, exec.Command(m.module, file))
}

// run is what cmd, the module with the arguments data, answers.
func (m *machine) run(data []byte, cmd *exec.Cmd) answer {
	m.t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, _ := cmd.Output()
	a := answer{raw: string(out), code: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal([]byte(strings.NewReplacer(`"before_header"`, `"beforeheader"`, `"after_header"`, `"afterheader"`).Replace(string(out))), &a); err != nil || strings.Count(string(out), "\n") != 1 {
		m.t.Fatalf("%s: the result is not one line of JSON: %s", data, out)
	}
	if stderr.Len() > 0 {
		m.t.Errorf("%s: wrote to stderr: %s", data, stderr.String())
	}
	if a.Failed != (a.code != 0) {
		m.t.Errorf("%s: exit code %d, failed is %v", data, a.code, a.Failed)
	}
	return a
}

// words splits at spaces outside single quotes.
func words(s string) []string {
	var list []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			list[len(list)-1] += part
			continue
		}
		fields := strings.Fields(part)
		if i > 0 && len(fields) > 0 && !strings.HasPrefix(part, " ") {
			list[len(list)-1] += fields[0]
			fields = fields[1:]
		}
		list = append(list, fields...)
	}
	return list
}

// apply makes args so, in the pattern of every test: check, run, check again,
// run again. The first two report the same, check writes nothing, and the
// last two report no change and execute nothing.
func (m *machine) apply(args string) answer {
	m.t.Helper()
	before := snapshot(m.t)
	planned := m.call(args, "check_mode")
	if planned.Failed {
		m.t.Fatalf("check of %s failed: %s", args, planned.Msg)
	}
	if after := snapshot(m.t); !maps.Equal(before, after) {
		m.t.Errorf("check of %s wrote: %v", args, difference(before, after))
	}
	done := m.call(args)
	if done.Failed {
		m.t.Fatalf("%s failed: %s", args, done.Msg)
	}
	if planned.Changed != done.Changed || !reflect.DeepEqual(planned.Diff, done.Diff) || !slices.Equal(planned.Actions, done.Actions) || planned.Msg != done.Msg {
		m.t.Errorf("check of %s does not report what the call does:\n check %s call  %s", args, planned.raw, done.raw)
	}
	if len(done.Warnings) > 0 {
		m.t.Errorf("%s warns: %q", args, done.Warnings)
	}
	if strings.Contains(args, "state=restarted") {
		return done
	}
	asked, state := m.asked(), snapshot(m.t)
	for _, mode := range [][]string{{"check_mode"}, nil} {
		again := m.call(args, mode...)
		if again.Changed || len(again.Diff) > 0 || len(again.Actions) > 0 || again.Failed {
			m.t.Errorf("%s again %v: %s", args, mode, again.raw)
		}
	}
	if now := m.asked(); now != asked {
		m.t.Errorf("%s again executes rundockd: %s", args, strings.TrimPrefix(now, asked))
	}
	if after := snapshot(m.t); !maps.Equal(state, after) {
		m.t.Errorf("%s again wrote: %v", args, difference(state, after))
	}
	return done
}

// asked is what rundockd was asked for so far.
func (m *machine) asked() string {
	data, _ := os.ReadFile("/run/standin/ctl.log")
	return string(data)
}

// snapshot is every file of the services but what runsv keeps: type, mode,
// inode and content.
func snapshot(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range []string{"/etc/sv", resolve("/etc/service")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() == "supervise" {
				return fs.SkipDir
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			text := info.Mode().String()
			switch {
			case info.Mode().IsRegular():
				data, _ := os.ReadFile(path)
				text += " " + info.ModTime().String() + " " + string(data)
			case info.Mode()&fs.ModeSymlink != 0:
				to, _ := os.Readlink(path)
				text += " -> " + to
			}
			all[path] = text
			return nil
		})
		must(t, err)
	}
	return all
}

func difference(a, b map[string]string) []string {
	var list []string
	for k := range a {
		if a[k] != b[k] {
			list = append(list, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			list = append(list, k)
		}
	}
	return list
}

// events takes what has happened to the service since the last call of it.
func (m *machine) events(service string) []string {
	path := "/run/standin/" + service + ".events"
	data, _ := os.ReadFile(path)
	os.Remove(path)
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

// wantEvents fails unless exactly these have happened, in any order of the
// runner's among the sidecar's.
func (m *machine) wantEvents(service string, want ...string) {
	m.t.Helper()
	got := m.events(service)
	split := func(list []string) (runner, announcer []string) {
		for _, e := range list {
			if strings.HasPrefix(e, "container") {
				runner = append(runner, e)
			} else {
				announcer = append(announcer, e)
			}
		}
		return runner, announcer
	}
	gotRunner, gotAnnouncer := split(got)
	wantRunner, wantAnnouncer := split(want)
	if !slices.Equal(gotRunner, wantRunner) || !slices.Equal(gotAnnouncer, wantAnnouncer) {
		m.t.Errorf("what happened to %s:\n got  %q\n want %q", service, got, want)
	}
}

func (m *machine) wantActions(a answer, want ...string) {
	m.t.Helper()
	if !slices.Equal(a.Actions, want) {
		m.t.Errorf("actions = %q, want %q", a.Actions, want)
	}
}

// wantDiff fails unless the diff is of exactly these files, under the service
// directory where they are relative.
func (m *machine) wantDiff(a answer, service string, want ...string) {
	m.t.Helper()
	var got []string
	for _, d := range a.Diff {
		name := d.AfterHeader
		if name == "/dev/null" {
			name = d.BeforeHeader
		}
		got = append(got, strings.TrimPrefix(name, "/etc/sv/docker-"+service+"/"))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		m.t.Errorf("diff is of %q, want %q", got, want)
	}
}

func sv(t *testing.T, command, dir string) {
	t.Helper()
	if out, err := exec.Command("sv", command, dir).CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("sv %s %s: %w: %s", command, dir, err, out))
	}
}

func ptr[T any](v T) *T { return &v }

// writeOnly is a call with p that is killed after it wrote the files, which it returns.
func writeOnly(t *testing.T, p params.Params) []fstree.File {
	t.Helper()
	w, err := newTask(t, p).Want()
	must(t, err)
	_, err = fstree.Apply("/etc/sv/docker-"+p.Name, w.Files, false)
	must(t, err)
	return w.Files
}

func kill(t *testing.T, pid int) {
	t.Helper()
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

// supervised returns the process of a service directory. runsv says which it
// is a moment after that has begun to run.
func supervised(t *testing.T, dir string) (pid int) {
	t.Helper()
	await.True(t, dir+" has a process", func() bool {
		s, err := runit.ReadStatus(dir)
		pid = s.PID
		return err == nil && pid != 0
	})
	return pid
}
