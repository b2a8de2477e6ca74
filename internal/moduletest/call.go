package moduletest

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Answer is a module's result.
type Answer struct {
	Changed bool
	Failed  bool
	Msg     string
	Diff    []struct {
		Before, After string
		BeforeHeader  string `json:"before_header"`
		AfterHeader   string `json:"after_header"`
	}
	Actions  []string
	Warnings []string
	Values   map[string]any // all of it
	Raw      string
}

// Files are the names that the diff is of, in its order.
func (a Answer) Files() (names []string) {
	for _, d := range a.Diff {
		name := d.AfterHeader
		if name == "/dev/null" {
			name = d.BeforeHeader
		}
		names = append(names, name)
	}
	return names
}

// Caller calls a module on the host that Main made.
type Caller struct {
	*testing.T
	Module string
	State  func() map[string]string // all that a call may change, besides files below Watched
	// Watched are the folders of which a refused call, and check mode, must not
	// change a file.
	Watched []string
}

// Call runs the module. internal are Ansible's own, such as check_mode.
func (c Caller) Call(args map[string]any, internal ...string) Answer {
	c.Helper()
	given := map[string]any{"_ansible_diff": true}
	for _, i := range internal {
		given["_ansible_"+i] = true
	}
	maps.Copy(given, args)
	data, err := json.Marshal(given)
	must(c.T, err)
	cmd := exec.Command(c.Module)
	cmd.Stdin = strings.NewReader(string(data))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, _ := cmd.Output()
	a := Answer{Raw: string(out)}
	if err := json.Unmarshal(out, &a); err != nil || strings.Count(string(out), "\n") != 1 {
		c.Fatalf("%v: the result is not one line of JSON: %s%s", args, out, &stderr)
	}
	must(c.T, json.Unmarshal(out, &a.Values))
	if stderr.Len() > 0 {
		c.Errorf("%v: wrote to stderr: %s", args, stderr.String())
	}
	if a.Failed != (cmd.ProcessState.ExitCode() != 0) {
		c.Errorf("%v: exit code %d, failed is %v", args, cmd.ProcessState.ExitCode(), a.Failed)
	}
	return a
}

// Apply makes args so, in the pattern of every test: check, run, check again,
// run again. Check writes nothing, and the last two report no change and have
// nothing done.
func (c Caller) Apply(args map[string]any, actions ...string) (planned, done Answer) {
	c.Helper()
	before := c.state()
	planned = c.Call(args, "check_mode")
	if planned.Failed {
		c.Fatalf("check of %v failed: %s", args, planned.Msg)
	}
	c.same(before, "check of %v changed", args)
	done = c.Call(args)
	if done.Failed {
		c.Fatalf("%v failed: %s", args, done.Msg)
	}
	if planned.Changed != done.Changed || !slices.Equal(planned.Actions, done.Actions) || planned.Msg != done.Msg || len(planned.Diff) != len(done.Diff) {
		c.Errorf("check of %v does not report what the call does:\n check %s call  %s", args, planned.Raw, done.Raw)
	}
	if !slices.Equal(done.Actions, actions) || len(done.Warnings) > 0 {
		c.Errorf("%v: actions = %q, warnings %q, want %q", args, done.Actions, done.Warnings, actions)
	}
	after := c.state()
	for _, mode := range [][]string{{"check_mode"}, nil} {
		if again := c.Call(args, mode...); again.Changed || len(again.Diff) > 0 || len(again.Actions) > 0 || again.Failed {
			c.Errorf("%v again %v: %s, want no change", args, mode, again.Raw)
		}
	}
	c.same(after, "%v again changed", args)
	return planned, done
}

// Refuses fails unless the call fails with want, which is in its message, and
// changes nothing. Check mode fails as well, or warns of it.
func (c Caller) Refuses(args map[string]any, want string) {
	c.Helper()
	before := c.state()
	if a := c.Call(args); !a.Failed || a.Changed || !strings.Contains(a.Msg, want) {
		c.Errorf("%v:\n got  %s\n want a failure with %s", args, a.Raw, want)
	}
	if a := c.Call(args, "check_mode"); !strings.Contains(strings.Join(append(a.Warnings, a.Msg), "\n"), want) {
		c.Errorf("check of %v:\n got  %s\n want a failure or warning with %s", args, a.Raw, want)
	}
	c.same(before, "%v is refused, and yet changed", args)
}

func (c Caller) same(before map[string]string, format string, args any) {
	c.Helper()
	after := c.state()
	for name := range after {
		if _, ok := before[name]; !ok {
			before[name] = "absent"
		}
	}
	for name, was := range before {
		if is := after[name]; is != was {
			c.Errorf(format+" %s:\n from %s\n to   %s", args, name, was, is)
		}
	}
}

// state is all that State tells, and the files below Watched.
func (c Caller) state() map[string]string {
	c.Helper()
	all := map[string]string{}
	if c.State != nil {
		all = c.State()
	}
	maps.Copy(all, FilesBelow(c.T, c.Watched...))
	return all
}

// FilesBelow are all files below these folders with their modes, times and contents, but for
// what runsv writes.
func FilesBelow(t *testing.T, roots ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range roots {
		must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() == "supervise" {
				return fs.SkipDir
			}
			if info, err := d.Info(); err == nil && !d.IsDir() {
				data, _ := os.ReadFile(path)
				all[path] = info.Mode().String() + " " + info.ModTime().String() + " " + string(data)
			}
			return nil
		}))
	}
	return all
}
