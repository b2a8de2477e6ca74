package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/svlog"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"10m":                       "2026-11-21T07:20:00Z",
		"2026-11-20":                "2026-11-20T00:00:00Z",
		"2026-11-20T06:05":          "2026-11-20T06:05:00Z",
		"2026-11-20 06:05:04":       "2026-11-20T06:05:04Z",
		"2026-11-20_06:05:04.12345": "2026-11-20T06:05:04.12345Z",
		"2026-11-20T06:05:04+01:00": "2026-11-20T06:05:04+01:00",
		"-10m":                      "error",
		"yesterday":                 "error",
		"":                          "error",
	} {
		got, err := parseSince(s, now)
		text := got.Format(time.RFC3339Nano)
		if err != nil {
			text = "error"
		}
		if text != want {
			t.Errorf("parseSince(%q) = %s (%v), want %s", s, text, err, want)
		}
	}
}

// service makes a service directory and a folder for its log.
func service(t *testing.T) (dir, logs string) {
	t.Helper()
	root := t.TempDir()
	dir, logs = filepath.Join(root, "sv"), filepath.Join(root, "log")
	write(t, filepath.Join(dir, "service.json"), "{}")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, logs
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func label(at time.Time) string {
	return fmt.Sprintf("@%016x%08x", at.Unix()+1<<62+10, at.Nanosecond())
}

func TestLogs_shows_what_is_asked_for(t *testing.T) {
	dir, logs := service(t)
	at := func(minute int) time.Time { return time.Date(2026, 11, 21, 7, minute, 0, 0, time.UTC) }
	line := func(minute int, text string) string { return at(minute).Format(svlog.StampForm) + " " + text + "\n" }
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(line(1, "one") + line(2, "two")))
	z.Close()
	write(t, filepath.Join(logs, label(at(2))+".s"), zipped.String())
	write(t, filepath.Join(logs, label(at(4))+".u"), line(3, "three")+line(4, "four"))
	write(t, filepath.Join(logs, label(at(4))+".t"), "half made by a processor\n")
	write(t, filepath.Join(logs, "current"), line(5, "five")+line(6, "six")+strings.TrimSuffix(line(7, "seven"), "\n"))
	write(t, filepath.Join(logs, "announce/current"), line(3, "waiting")+line(6, "announced"))

	for name, c := range map[string]struct {
		args []string
		want string // texts
	}{
		"all of it over rotated files": {nil, "one two three four five six seven"},
		"the last lines":               {[]string{"-n", "2"}, "six seven"},
		"the last lines over files":    {[]string{"-n", "4"}, "four five six seven"},
		"none":                         {[]string{"-n", "0"}, ""},
		"from a time on":               {[]string{"--since", "2026-11-21T07:04"}, "four five six seven"},
		"the last of those":            {[]string{"--since", "2026-11-21T07:04", "-n", "1"}, "seven"},
		"of the sidecar":               {[]string{"announce"}, "waiting announced"},
		"of the sidecar by flag":       {[]string{"--announce"}, "waiting announced"},
		"both by time":                 {[]string{"--all", "--since", "2026-11-21T07:03"}, "service:three announce:waiting service:four service:five service:six announce:announced service:seven"},
		"the last of both":             {[]string{"--all", "-n", "3"}, "service:six announce:announced service:seven"},
	} {
		t.Run(name, func(t *testing.T) {
			asked, code, done := parseLogs(append([]string{"web"}, c.args...), at(30))
			if done {
				t.Fatalf("exit code %d", code)
			}
			var out bytes.Buffer
			if err := showLogs(bufio.NewWriter(&out), asked, dir, logs); err != nil {
				t.Fatal(err)
			}
			var texts []string
			for l := range strings.Lines(out.String()) {
				_, text, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
				texts = append(texts, strings.ReplaceAll(text, ": ", ":"))
			}
			if got := strings.Join(texts, " "); got != c.want {
				t.Errorf("logs %q shows %q, want %q", c.args, got, c.want)
			}
		})
	}

	asked, _, _ := parseLogs([]string{"web", "--json", "-n1"}, at(30))
	if asked.name != "" {
		t.Errorf("-n1 is taken: %+v", asked)
	}
	asked, _, _ = parseLogs([]string{"--json", "web", "-n", "1"}, at(30))
	var out bytes.Buffer
	if err := showLogs(bufio.NewWriter(&out), asked, dir, logs); err != nil {
		t.Fatal(err)
	}
	if want := `{"time":"2026-11-21T07:07:00Z","log":"service","line":"seven"}` + "\n"; out.String() != want {
		t.Errorf("--json shows %s, want %s", out.String(), want)
	}
}

func TestLogs_of_a_service_that_logged_nothing_yet_names_the_file(t *testing.T) {
	dir, logs := service(t)
	asked, _, _ := parseLogs([]string{"web"}, time.Now())
	err := showLogs(bufio.NewWriter(&bytes.Buffer{}), asked, dir, logs)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(logs, "current")) {
		t.Errorf("showLogs = %v, want an error that names current", err)
	}
}

func TestLogs_follow_misses_no_line_over_rotations_and_ends_with_the_service(t *testing.T) {
	svlogd, err := exec.LookPath("svlogd")
	if err != nil {
		t.Skip("needs svlogd, of package runit")
	}
	dir, logs := service(t)
	write(t, filepath.Join(logs, "config"), "s2000\nn0\n")
	cmd := exec.Command(svlogd, "-tt", logs)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 4096)
	ended := make(chan error, 1)
	shows, out := io.Pipe()
	go func() {
		for scan := bufio.NewScanner(shows); scan.Scan(); {
			got <- scan.Text()
		}
	}()
	asked, _, _ := parseLogs([]string{"web", "-f", "--json", "-n", "all"}, time.Now())
	go func() { ended <- showLogs(bufio.NewWriter(out), asked, dir, logs) }()

	const many = 3000
	next := 0
	for n := range many {
		fmt.Fprintf(in, "%d\n", n)
		if n%500 == 0 { // the follower keeps up with some rotations, and not with others
			for ; next <= n; next++ {
				expect(t, got, next)
			}
		}
	}
	for ; next < many; next++ {
		expect(t, got, next)
	}
	fmt.Fprintln(in, "last words")
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("still following a service that was removed")
	}
	if last := <-got; !strings.Contains(last, "last words") {
		t.Errorf("after the removal came %q, want the last words", last)
	}
	if rotated, _ := filepath.Glob(filepath.Join(logs, "@*")); len(rotated) < 10 {
		t.Errorf("svlogd rotated %d times, so this shows little", len(rotated))
	}
}

func expect(t *testing.T, lines <-chan string, n int) {
	t.Helper()
	select {
	case got := <-lines:
		var line struct{ Line string }
		if err := json.Unmarshal([]byte(got), &line); err != nil || line.Line != fmt.Sprint(n) {
			t.Fatalf("line %q (%v), want %d", got, err, n)
		}
	case <-time.After(time.Minute):
		t.Fatalf("line %d does not come", n)
	}
}
