package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestLogs: whatever is killed, each line of a container is once, whole and
// in order in svlogd's files.
func TestLogs(t *testing.T) {
	s := need(t)
	const name = "talker"
	s.serve(t, back1, name)
	runner := func() string { return s.pid(t, back1, name, "runner") }
	signal := func(signal string) func() {
		return func() {
			old := runner()
			s.sh(t, back1, "kill -"+signal+" "+old)
			s.anew(t, back1, name, "runner", old)
		}
	}

	for _, c := range []struct {
		claim, query string
		times        int
		do           func()
		lossy        bool // dockerd itself may drop lines
	}{
		{"killed runners", "lines=10000&every=200us", 8, signal("KILL"), false},
		{"killed runners in long lines", "lines=100&width=40000&every=80ms", 4, signal("KILL"), false},
		{"runners that hand over", "lines=10000&every=200us", 2, signal("HUP"), false},
		{"runners that hand over in long lines", "lines=50&width=40000&every=80ms", 2, signal("HUP"), false},
		{"a dockerd that restarts", "lines=10000&every=200us", 1, func() {
			s.sh(t, back1, "service docker restart")
			await.Empty(t, "dockerd answers", func() string {
				if _, err := s.try(back1, "docker version"); err != nil {
					return err.Error()
				}
				return ""
			})
		}, true},
	} {
		t.Run(c.claim, func(t *testing.T) {
			prefix := mark(c.claim)
			done := make(chan error, 1)
			go func() {
				_, err := s.try(back1, s.ask("log?prefix="+prefix+"&"+c.query))
				done <- err
			}()
			await.Empty(t, "lines arrive", func() string {
				return s.lacksLine(name, prefix+"1")
			})
			rounds := 0
			for ; rounds < c.times && len(done) == 0; rounds++ {
				c.do()
			}
			if rounds == 0 {
				t.Error("all was written before it began")
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			var lost map[string]bool
			if c.lossy {
				lost = s.lostByDocker(t, name, prefix, c.query)
			}
			s.complete(t, name, prefix, c.query, lost)
		})
	}

	t.Run("a killed svlogd that had nothing to do", func(t *testing.T) {
		before, after := mark("before"), mark("after")
		for _, prefix := range []string{before, after} {
			s.sh(t, back1, s.ask("log?lines=1000&prefix="+prefix))
			s.complete(t, name, prefix, "lines=1000", nil)
			s.sh(t, back1, "kill -9 $(cat /etc/service/docker-"+name+"/services/service/log/supervise/pid)")
		}
		s.complete(t, name, before, "lines=1000", nil)
		s.complete(t, name, after, "lines=1000", nil)
	})

	// The last lines before an end, at an exit the last without a newline.
	pid := "$(sed -n 's/.*\"pid\":\\([0-9]*\\).*/\\1/p' /run/rundock/" + name + "/runner.json)"
	for _, c := range []struct{ claim, end string }{
		{"an exit", s.ask("exit?code=3&lines=2000&unended=1&prefix=%s") + " || true"},
		{"docker stop", s.ask("log?lines=2000&prefix=%s") + "; docker stop " + name},
		{"docker kill with a killed runner", s.ask("log?lines=2000&unended=1&prefix=%s") + "; kill -9 " + pid + "; docker kill " + name},
		{"a replacement", s.ask("log?lines=2000&prefix=%s") + "; kill -USR1 " + pid},
	} {
		t.Run("before "+c.claim, func(t *testing.T) {
			prefix := mark("before " + c.claim)
			container := s.id(t, back1, name)
			s.sh(t, back1, strings.ReplaceAll(c.end, "%s", prefix))
			await.Empty(t, "it runs in a new container", func() string {
				if now := s.id(t, back1, name); now == "" || now == container {
					return fmt.Sprintf("container %q", now)
				}
				return ""
			})
			s.complete(t, name, prefix, "lines=2000", nil)
			await.Empty(t, "the new one answers", func() string {
				if _, err := s.try(back1, s.ask("ping")); err != nil {
					return err.Error()
				}
				return ""
			})
		})
	}
}

// mark begins the lines of one test, of this run: logs outlive their service.
func mark(claim string) string {
	return strings.ReplaceAll(claim, " ", "-") + "-" + strconv.FormatInt(time.Now().UnixNano(), 36) + ":"
}

// ask is a shell command that asks the talker for path.
func (s *setup) ask(path string) string {
	return "curl -sSf --retry 5 --retry-connrefused 'http://" + s.Addr(back1).String() + ":8086/" + path + "'"
}

// added is what is in svlogd's files and not of the container: the time before
// each line, and what runner and finish say. The latter may be in the middle
// of a long line.
var added = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.\d{5} |rundock: runner of \S+ ended by signal 9; the container stays\n|level=[A-Z]+ msg=.* service=.*\n`)

// lacksLine returns "" if a whole line that begins with these words is logged.
func (s *setup) lacksLine(name, words string) string {
	if _, err := s.try(back1, "cd /var/log/docker-"+name+" && cat $(ls @* 2>/dev/null) current | grep -aqE '"+words+"( .*)?$'"); err != nil {
		return "no line " + words
	}
	return ""
}

// logged is what the container of name wrote, as svlogd has it.
func (s *setup) logged(t *testing.T, name string) string {
	t.Helper()
	// A svlogd that starts renames what a killed one left: not between two looks.
	text := s.sh(t, back1, "cd /var/log/docker-"+name+` && all() { ls -i @* current 2>/dev/null; }
		while a=$(all); text=$(cat $(ls @* 2>/dev/null) current); [ "$a" != "$(all)" ]; do :; done
		printf '%s\n' "$text"`)
	return added.ReplaceAllString(text+"\n", "")
}

// lostByDocker returns those of the lines that query asks for that dockerd
// itself did not keep: at its stop it now and then drops what it has just read
// (seen with 20.10, one of 5000). It waits for the last of them, which was
// written long after.
func (s *setup) lostByDocker(t *testing.T, name, prefix, query string) map[string]bool {
	t.Helper()
	lines, _ := sizeOf(t, query)
	kept := map[string]bool{}
	await.Empty(t, "docker has the last line", func() string {
		for line := range strings.Lines(s.sh(t, back1, "docker logs "+name+" 2>&1 | grep "+prefix)) {
			// It may stand behind what was written without a newline.
			kept[strings.TrimSuffix(line[strings.Index(line, prefix):], "\n")] = true
		}
		if !kept[fmt.Sprint(prefix, lines)] {
			return "it lacks it"
		}
		return ""
	})
	lost := map[string]bool{}
	for i := range lines {
		if line := fmt.Sprint(prefix, i+1); !kept[line] {
			lost[line] = true
		}
	}
	if len(lost) > 0 {
		t.Logf("dockerd lost %d of %d lines", len(lost), lines)
	}
	return lost
}

// sizeOf is how many lines query asks for, and how wide, 0 for as they are.
func sizeOf(t *testing.T, query string) (lines, width int) {
	t.Helper()
	ask, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	lines, _ = strconv.Atoi(ask.Get("lines"))
	width, _ = strconv.Atoi(ask.Get("width"))
	return lines, width
}

// complete waits until the last line with prefix that query asks for is
// logged; all must be there, each once, whole and in order.
func (s *setup) complete(t *testing.T, name, prefix, query string, lost map[string]bool) {
	t.Helper()
	lines, width := sizeOf(t, query)
	var want []string
	for i := range lines {
		line := fmt.Sprint(prefix, i+1)
		if len(line) < width {
			line += " " + strings.Repeat("x", width-len(line)-1)
		}
		if !lost[line] {
			want = append(want, line)
		}
	}
	await.Empty(t, "the last line is logged", func() string {
		return s.lacksLine(name, fmt.Sprint(prefix, lines))
	})
	var got []string
	for line := range strings.Lines(s.logged(t, name)) {
		if strings.Contains(line, prefix) {
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	if slices.Equal(got, want) {
		return
	}
	seen := map[string]int{}
	for _, line := range got {
		seen[line]++
	}
	short := func(line string) string { return line[:min(len(line), 60)] }
	var problems []string
	note := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, line := range want {
		if n := seen[line]; n != 1 {
			note("%d times: %q", n, short(line))
		}
		delete(seen, line)
	}
	for line := range seen {
		note("not written so: %q (%d bytes)", short(line), len(line))
	}
	if problems == nil {
		note("not in order")
	}
	t.Errorf("%d problems with %d lines, %d logged:\n%s", len(problems), lines, len(got), strings.Join(problems[:min(len(problems), 20)], "\n"))
}
