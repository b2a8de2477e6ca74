package audit

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/security.md")

// TestDocs_have_what_is_accepted_everywhere holds the table of docs/security.md; -update writes it.
func TestDocs_have_what_is_accepted_everywhere(t *testing.T) {
	const path, head = "../../../docs/security.md", "| check | what it wants | why it is left |\n|---|---|---|\n"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), head)
	if !found {
		t.Fatalf("%s has no table of what is accepted", path)
	}
	after := regexp.MustCompile(`^(\|.*\n|<!-- standing -->\n)*`).ReplaceAllString(rest, "")
	var table strings.Builder
	for _, a := range Standing {
		c, _ := find(a.ID)
		fmt.Fprintf(&table, "| %s | %s | %s |\n", a.ID, c.Wants, a.Reason)
	}
	want := before + head + table.String() + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(data) {
		t.Errorf("the table of %s is not that of accepted.go: go test ./supervisor/report/audit -run Docs -update", path)
	}
}
