package previewweb

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"rundock/internal/preview"
	"rundock/supervisor/previewweb/access"
)

// The examples of the API in docs/previews.md are run as they are there, each line by itself.
func TestExamples_of_the_page_run(t *testing.T) {
	text, err := os.ReadFile("../../docs/previews.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- not run: a test of previewd web runs these[^\n]*\n```sh\n(.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/previews.md has no examples of the API")
	}
	g := newRig(t)
	lines := strings.Split(strings.TrimSpace(string(block[1])), "\n")
	ran := 0
	for _, line := range lines[1:] {
		cmd := exec.Command("sh", "-euc", lines[0]+"\n"+line)
		cmd.Env = append(os.Environ(), "PAGE="+g.url, "TOKEN="+g.tokens[access.Admin], "REPOSITORY="+g.git.HTTP("", ""))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		if strings.Contains(line, "/branches") && !strings.Contains(string(out), "feature/Foo_bar") || strings.HasSuffix(line, "no values") && !strings.Contains(string(out), "GREETING") {
			t.Errorf("%s: %s", line, out)
		}
		ran++
	}
	if ran < 14 {
		t.Errorf("%d examples ran", ran)
	}
	w := g.wish("feature-foo-bar")
	if w.Want != preview.Removed || !w.Pinned || w.Try != 1 {
		t.Errorf("after all of them the wish is %+v", w)
	}
}
