package spec

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/args.md anew")

const argsPage = "../../docs/args.md"

// The tables of docs/args.md are written from the code by
//
//	go test ./internal/spec -run TestArgsPage -update
func TestArgsPage_lists_the_flags_as_they_are(t *testing.T) {
	data, err := os.ReadFile(argsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for name, table := range map[string]string{"flags": flagTable(), "refused": refusedTable()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
		before, rest, ok := strings.Cut(page, begin)
		old, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no table between %q and %q", argsPage, begin, end)
		}
		if old != table && !*update {
			t.Errorf("%s: the table of %s is not what the code says; write it anew with -update", argsPage, name)
		}
		page = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(argsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestArgsPage_names_every_variable(t *testing.T) {
	page, err := os.ReadFile(argsPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variables {
		if !strings.Contains(string(page), "| `$"+v+"` |") {
			t.Errorf("%s does not say what $%s is", argsPage, v)
		}
	}
}

// The examples of docs/args.md are lines that begin with "args: ".
func TestArgsPage_has_examples_that_parse(t *testing.T) {
	page, err := os.ReadFile(argsPage)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(page)) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "args: ")
		if !ok {
			continue
		}
		found++
		if _, err := ParseArgs(args); err != nil {
			t.Errorf("%s: %s: %v", argsPage, args, err)
		}
	}
	if found == 0 {
		t.Errorf("%s has no example", argsPage)
	}
}

func flagTable() string {
	var b strings.Builder
	b.WriteString("| Flag | What it sets | Value | Variables |\n|---|---|---|---|\n")
	for _, f := range flags {
		names := "`--" + f.long + "`"
		if f.synonym != "" {
			names += ", `--" + f.synonym + "`"
		}
		if f.short != "" {
			names = "`-" + f.short + "`, " + names
		}
		if f.repeats {
			names += " …"
		}
		yes := ""
		if f.variables {
			yes = "yes"
		}
		allowed := strings.ReplaceAll(f.allowed, "|", `\|`)
		for _, v := range variables {
			allowed = strings.ReplaceAll(allowed, "$"+v, "`$"+v+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", names, f.what, allowed, yes)
	}
	return b.String()
}

func refusedTable() string {
	var b strings.Builder
	b.WriteString("| Flag | Why, and what instead |\n|---|---|\n")
	for _, r := range refused {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.Join(strings.Fields(r.flags), "`, `"), r.reason)
	}
	return b.String()
}

func TestFlags_and_refused_flags_are_together_all_of_docker_run(t *testing.T) {
	data, err := os.ReadFile("testdata/args-docker-run.txt")
	if err != nil {
		t.Fatal(err)
	}
	docker := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for name := range strings.FieldsSeq(line) {
			docker[name] = true
		}
	}
	var ours []string
	for _, f := range flags {
		ours = append(ours, "--"+f.long)
		if f.synonym != "" {
			ours = append(ours, "--"+f.synonym)
		}
		if f.short != "" {
			ours = append(ours, "-"+f.short)
		}
	}
	for _, r := range refused {
		ours = append(ours, strings.Fields(r.flags)...)
	}
	slices.Sort(ours)
	for i, name := range ours {
		if i > 0 && ours[i-1] == name {
			t.Errorf("%s is listed twice", name)
		}
		if !docker[name] {
			t.Errorf("%s is no flag of docker run", name)
		}
		delete(docker, name)
	}
	for name := range docker {
		t.Errorf("docker run has %s, which is neither taken nor refused with a reason", name)
	}
}
