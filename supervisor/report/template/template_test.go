package template

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

var now = time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)

// well is a template that is as it should be.
func well() Facts {
	return Facts{
		Name: "haproxy", Definition: supervisor.Template{Dest: "/etc/haproxy/haproxy.cfg", Src: "/etc/haproxy/haproxy.cfg.tmpl"}, Sum: "d", Alive: true, File: "f", Installed: true,
		Says: control.TemplateStatus{PID: 7, State: control.TemplateCurrent, Since: now.Add(-time.Hour), Changed: now.Add(-time.Minute), Definition: "d", File: "f", Services: map[string]int{"web": 2}},
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		claim         string
		change        func(*Facts)
		verdict, want string // of the last line
	}{
		{"all is well", func(*Facts) {}, "ok", "Nothing is wrong."},
		{"a definition that is broken", func(f *Facts) { f.Broken.Text = "read x: version is 2" }, "wrong", "Wrong: definition: read x: version is 2. Next: have rundock_template write it anew"},
		{"one that others may not read", func(f *Facts) { f.Broken = report.Trouble{Text: "permission denied", Denied: true} }, "unknown", "Next: run it as root"},
		{"one that is gone", func(f *Facts) { f.Undefined, f.Broken.Text = true, "open x: no such file or directory" }, "wrong", "Wrong: definition: it is gone, and a status is left. Next: call rundock_template: state=absent"},
		{"a file named down", func(f *Facts) { f.Alive, f.Down = false, "/etc/sv/rundock-render/down" }, "wrong", "it does not run: the file /etc/sv/rundock-render/down is there. Next: remove that file, then sv start rundock-render"},
		{"the same beside a renderer", func(f *Facts) { f.Down = "/etc/sv/rundock-render/down" }, "ok", "Nothing is wrong."},
		{"no renderer", func(f *Facts) { f.Alive = false }, "wrong", "Wrong: renderer: it does not run. Next: sv start rundock-render; see /var/log/rundock-render/current"},
		{"none installed", func(f *Facts) { f.Alive, f.Installed = false, false }, "wrong", "there is no service rundock-render"},
		{"a masked one", func(f *Facts) { f.Alive, f.Masked = false, true }, "wrong", "it is masked"},
		{"one that has read another definition", func(f *Facts) { f.Sum = "e" }, "wrong", "it has read another definition. Next: sv hup rundock-render"},
		{"a template that is broken", func(f *Facts) {
			f.Says.State, f.Says.Reason = control.TemplateKept, "template haproxy, line 2: missing value for if"
		}, "wrong", "Wrong: file: the last good file stays: template haproxy, line 2: missing value for if. Next: rundockd render --dry-run --diff haproxy"},
		{"a store that comes back", func(f *Facts) {
			f.Says.State, f.Says.Reason, f.Says.Waits = control.TemplateKept, "service web has 1 of 2", true
		}, "wrong", "stays for now: service web has 1 of 2. Next: wait"},
		{"a store that is away", func(f *Facts) { f.Says.Store = "connection refused" }, "wrong", "the store cannot be reached: connection refused. Next: see that the store runs"},
		{"a reload that is owed", func(f *Facts) { f.Says.ReloadOwed = true }, "wrong", "its reader is not reloaded yet"},
		{"a file that others changed", func(f *Facts) { f.File = "g" }, "wrong", "somebody else has changed it"},
	} {
		f := well()
		c.change(&f)
		told := StoryOf("node-1", now, f)
		text := told.Text()
		last := text[strings.LastIndex(strings.TrimSpace(text), "\n")+1:]
		if told.Template.Verdict != c.verdict || !strings.Contains(last, c.want) {
			t.Errorf("%s: verdict %s, last line %q, want %s, %q", c.claim, told.Template.Verdict, last, c.verdict, c.want)
		}
	}
}

func TestStory_notes_a_file_named_down(t *testing.T) {
	f := well()
	f.Down = "/etc/sv/rundock-render/down"
	if text := StoryOf("node-1", now, f).Text(); !strings.Contains(text, f.Down+" keeps it from being started before sv up") {
		t.Errorf("the story is\n%s", text)
	}
}

func TestNames_are_of_definitions_and_of_statuses(t *testing.T) {
	defined, told := t.TempDir(), t.TempDir()
	for _, file := range []string{defined + "/a.json", defined + "/b.json", told + "/b.json", told + "/c.json", told + "/c.json.tmp"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(defined, told, defined+"/none"); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("names are %q, want a, b and c", got)
	}
}

func TestTable(t *testing.T) {
	gone := well()
	gone.Name, gone.Alive = "targets", false
	want := "TEMPLATE  STATE    FOR   CHANGED  FILE                      PROBLEM\n" +
		"haproxy   current  1h0m  1m0s     /etc/haproxy/haproxy.cfg\n" +
		"targets   gone     1h0m  1m0s     /etc/haproxy/haproxy.cfg  renderer: it does not run\n"
	if got := Table([]Status{StatusOf(well()), StatusOf(gone)}, now); got != want {
		t.Errorf("table is\n%s want\n%s", got, want)
	}
	if got := Table(nil, now); got != "" {
		t.Errorf("without a template there is %q", got)
	}
}
