package build

import (
	"strings"
	"testing"

	"rundock/internal/container/dockertest"
)

func TestFetches_finds_what_the_daemon_would_fetch(t *testing.T) {
	for text, want := range map[string]string{
		"FROM a\nADD http://x/y /z":                                       "Dockerfile:2: ADD: http://x/y: ",
		"FROM a\n  add --chown=1:1 a HTTPS://x/y /z\n":                    "Dockerfile:2: ADD: HTTPS://x/y: ",
		"FROM a\nADD [\"a\", \"http://x/y\", \"/z\"]\n":                   "Dockerfile:2: ADD: http://x/y: ",
		"FROM a\nADD [\"\\u0068ttp://x/y\", \"/z\"]\n":                    "Dockerfile:2: ADD: ",
		"FROM a\nADD ht\"t\"p'://'x /z\n":                                 "Dockerfile:2: ADD: http://x: ",
		"FROM a\nADD h\\ttp://x /z\n":                                     "Dockerfile:2: ADD: http://x: ",
		"FROM a\nonbuild\tADD http://x /z\n":                              "Dockerfile:2: ADD: http://x: ",
		"FROM a\nONBUILD \\\n ADD http://x /z\n":                          "Dockerfile:",
		"FROM a\nAD\\\n# x\n\nD http://x /z\n":                            "Dockerfile:2: ADD: http://x: ",
		"FROM a\nAD\\\n\\\nD http://x /z\n":                               "Dockerfile:2: ADD: http://x: ",
		"FROM a\nAD\\\n" + strings.Repeat("#\n", 200) + "D http://x /z\n": "Dockerfile:2: ADD: AD...: ",
		"FROM a\nADD a \\\n  http:\\\n//x \\\n /z\n":                      "Dockerfile:2: ADD: http://x: ",
		"FROM a\nADD\vhttp://x /z\n":                                      "Dockerfile:2: ADD: http://x: ",
		"FROM a\n\u00a0ADD http://x /z\n":                                 "Dockerfile:2: ADD: http://x: ",
		"FROM a\r\nADD http://x /z\r\n":                                   "Dockerfile:2: ADD: http://x: ",
		"# ESCAPE=`\nFROM a\nRUN a \\\nADD http://x /z\n":                 "Dockerfile:4: ADD: http://x: ",
		"# escape=`\nFROM a\nADD `\n http://x /z\n":                       "Dockerfile:3: ADD: http://x: ",
		"FROM a\nRUN a \\\\\nADD http://x /z\n":                           "Dockerfile:3: ADD: http://x: ",
		"FROM a\nRUN echo '<<E'\nADD http://x /z\nE\n":                    "Dockerfile:3: ADD: http://x: ",
		"ARG U=http://x\nFROM a\nARG U\nADD $U /z\n":                      "Dockerfile:4: ADD: $U: ",
		"FROM a\nENV U=tp://x\nADD ht${U} /z\n":                           "Dockerfile:3: ADD: ht${U}: ",
		"FROM a\nADD $U \"\"\n":                                           "Dockerfile:2: ADD: $U: ",
		"FROM a\nADD http://x \"\"\n":                                     "Dockerfile:2: ADD: http://x: ",
		"FROM a\nADD " + strings.Repeat("a \\\n", addAtMost):              "Dockerfile:2: ADD: ",
	} {
		if got := fetches("Dockerfile", text); len(got) == 0 || !strings.HasPrefix(got[0], want) {
			t.Errorf("fetches(%.100q) = %.300q, want a line that begins with %q", text, got, want)
		}
	}
}

func TestFetches_leaves_alone_what_takes_files(t *testing.T) {
	const text = "FROM a\nADD a.tar /\nADD --chown=1:1 [\"a b\", \"c\"]\nADD app-$V.jar $HOME/app.jar\nADD h*.txt httpd/ /x\nCOPY $A /z\n# ADD http://x /z\nRUN curl http://x && \\\n  echo ADD http://x\nADDUSER x\nENV ADD=http://x\nLABEL a=b\n"
	// However long what is none is.
	if got := fetches("Dockerfile", text+"RUN "+strings.Repeat("x", 2*addAtMost)+"\nRUN y"+strings.Repeat(" \\\n# z\n  y", 2*addLinesAtMost)); len(got) > 0 {
		t.Errorf("fetches = %q", got)
	}
}

// A Dockerfile as large as one may be, of lines that all may go on, is read in a time that grows with its length: else this
// does not end within the test's.
func TestFetches_of_lines_that_go_on_ends(t *testing.T) {
	for _, line := range []string{"ADD \\\n", "\\\n", "ONBUILD \\\n", "A\\\n", " \\\n", strings.Repeat("ADD \\\n", addLinesAtMost-1) + "x\n", strings.Repeat("ADD \\\n", 800) + strings.Repeat("\\\n", 1000), "ADD \\\n\\\n\\\n\\\n\\\n"} {
		fetches("Dockerfile", strings.Repeat(line, smallAtMost/len(line)))
		otherFroms("Dockerfile", strings.Repeat(strings.ReplaceAll(line, "ADD", "FROM"), smallAtMost/len(line)), nil)
	}
}

// fetchesNothing is of a builder of what others wrote: what is at ports of the host is not for it.
func (s *site) fetchesNothing(t *testing.T) {
	s.t = t
	before := s.layers()
	b := s.builder
	b.NoFetch = true
	with := func(old, line string) (Request, func() string) {
		r, log := s.request("f"+line, "busybox cat /x")
		text, _ := r.Branch.ReadFile("web/Dockerfile")
		if err := r.Branch.WriteFile("web/Dockerfile", []byte(strings.Replace(string(text), old, line+old, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return r, log
	}
	r, log := with("RUN", "ADD http://"+dockertest.Registry+"/v2/_catalog /x\n")
	if _, err := b.Build(t.Context(), r); err == nil || !strings.Contains(err.Error(), "Dockerfile:4: ADD: http://") {
		t.Errorf("an address of the host: %v\n%s", err, log())
	}
	// What was looked at is what is built, also where it is read by a link that the daemon follows within the context alone.
	r, log = with("RUN", "ADD a /x\n")
	for _, err := range []error{
		r.Branch.Mkdir("web/other", 0o755), r.Branch.Mkdir("other", 0o755), r.Branch.Rename("web/Dockerfile", "other/Dockerfile"), r.Branch.Symlink("../other/Dockerfile", "web/Dockerfile"),
		r.Branch.WriteFile("web/other/Dockerfile", []byte("FROM scratch\nADD http://"+dockertest.Registry+"/v2/_catalog /x\n"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Build(t.Context(), r); err != nil || !strings.Contains(log(), "ADD a /x") || strings.Contains(log(), "_catalog") {
		t.Errorf("by a link: %v\n%s", err, log())
	}
	if len(before) == 0 {
		t.Error("there are no images")
	}
}
