package docs

import (
	"go/scanner"
	"go/token"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// retired are words that the glossary's third column retires, where a pattern
// can tell the sense that is retired from others. What is looked through is
// what people read: comments and texts of Go, pages, comments and texts of
// playbooks and scripts. Names in code are not.
var retired = []struct {
	row     string            // of the glossary, by its first column
	word    string            // in its third column
	pattern string            // in any case
	allowed map[string]string // phrase: why it may stay
}{
	{"instance", "replica", `replicas?`, map[string]string{
		"replicas": "docker compose's own key, which a call may bring along",
	}},
	{"store", "database", `databases?`, map[string]string{
		"forwarding database": "the kernel's",
		"user database":       "the machine's",
		"of the database":     "etcd's own word for its file",
		"database:":           "a section of knot's configuration",
		"DATABASE":            "a variable of an example",
	}},
	{"store", "registry", `(?-i:[Tt]he|[Ii]ts|no|without) (?-i:registry)`, nil},
	{"record", "registration", `registrations?`, nil},
	{"announce, withdraw", "deregister", `(de|un)regist\w+`, map[string]string{
		"not deregistration": "what others do, in the reason for leases",
	}},
	{"conflict", "held off", `held off`, map[string]string{
		"held off for": "in the report of rundockd, for one more release",
	}},
	{"retained", "held losses", `loss(es)? (that )?(are |were )?held|held losses`, nil},
	{"locked", "held", `mu (is )?held|held by who`, nil},
	{"sidecar", "announcer", `(?-i:announcers?)`, map[string]string{
		"announcer handed over":        "a word of `actions`, for which playbooks may ask; its like below",
		"announcer restarted":          "the same",
		"announcer started":            "the same",
		"announcer continued":          "the same",
		"announcer's logger restarted": "the same",
		"\"announcer\"":                "what these words are made of",
		"announcer.lock":               "a file that processes of two releases must agree on",
	}},
	{"saved state", "kept state", `kept state`, nil},
	{"difference", "misfit", `misfits?`, nil},
	{"anonymous volume", "unkept volume", `unkept`, map[string]string{
		"unkept,omitempty": "a key between module and rundockd of two releases",
	}},
	{"predecessor, successor", "heir", `heirs?`, nil},
	{"additional section", "further section", `further (records|section)`, nil},
}

func TestGlossary_retired_words_are_used_nowhere(t *testing.T) {
	rows := glossary(t)
	texts := map[string]string{}
	for _, path := range tracked(t) {
		texts[path] = read(t, path)
		if strings.HasSuffix(path, ".go") {
			texts[path] = readable(texts[path])
		}
	}
	for _, r := range retired {
		if not, ok := rows[r.row]; !ok || !slices.Contains(strings.Split(not, ", "), r.word) {
			t.Errorf("the glossary does not retire %q for %q: its third column there is %q", r.word, r.row, not)
		}
		pattern := regexp.MustCompile(`(?i)\b(` + r.pattern + `)\b`)
		for path, text := range texts {
			for phrase := range r.allowed {
				text = strings.ReplaceAll(text, phrase, "")
			}
			for line := range strings.Lines(text) {
				if found := pattern.FindString(line); found != "" {
					t.Errorf("%s: %q, which is %s: %s", path, found, r.row, strings.TrimSpace(line))
				}
			}
		}
		for phrase := range r.allowed {
			used := false
			for _, text := range texts {
				used = used || strings.Contains(text, phrase)
			}
			if !used {
				t.Errorf("the phrase %q, allowed beside %s, is used nowhere", phrase, r.row)
			}
		}
	}
}

// glossary is its third column by its first.
func glossary(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for line := range strings.Lines(read(t, "docs/glossary.md")) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) == 3 {
			rows[strings.TrimSpace(cells[0])] = strings.TrimSpace(cells[2])
		}
	}
	return rows
}

// tracked are the files that are looked through.
func tracked(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(listed(t, "*.go", "*.md", "*.yml", "*.sh", "*.py", "Makefile", "README"), func(path string) bool {
		others := strings.HasPrefix(path, "internal/stack/compose/testdata/cases/") // files that other people wrote
		return path == "docs/glossary.md" || path == "docs/glossary_test.go" || others
	})
}

// listed are the tracked files that match one of patterns, or all where there is none.
func listed(t *testing.T, patterns ...string) []string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"ls-files", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// readable returns the comments and texts of a Go file.
func readable(src string) string {
	var s scanner.Scanner
	files := token.NewFileSet()
	s.Init(files.AddFile("", files.Base(), len(src)), []byte(src), nil, scanner.ScanComments)
	var b strings.Builder
	for {
		_, tok, text := s.Scan()
		switch tok {
		case token.EOF:
			return b.String()
		case token.COMMENT, token.STRING:
			b.WriteString(text + "\n")
		}
	}
}
