package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestDocs_run runs what the pages tell a user to type, in their order: sh
// blocks in a copy of the checkout, whose inventory becomes the lab's when the
// page has it edited, and YAML blocks as tasks on node-back-1. A comment in
// front of a block says where else it is run, or why it is not:
//
//	<!-- on node-front-1 -->
//	<!-- not run: it takes the hosts down -->
func TestDocs_run(t *testing.T) {
	s := need(t)
	copied := filepath.Join(t.TempDir(), "checkout")
	if out, err := exec.Command("cp", "-al", s.checkout, copied).CombinedOutput(); err != nil {
		t.Fatalf("copy the checkout: %v\n%s", err, out)
	}
	os.Remove(filepath.Join(copied, "inventory")) // of who works here
	s.sh(t, back1, "docker pull -q "+images+"grafana:latest >/dev/null && docker create --name data.influxdb -v /data registry."+zone+":5000/busybox:latest >/dev/null")
	t.Cleanup(func() { s.sh(t, back1, "docker rm -v data.influxdb >/dev/null") })
	s.sh(t, back1, "mkdir /etc/web && docker network create --subnet 10.20.0.0/24 apps >/dev/null && docker network create --subnet 10.21.0.0/24 blog_front >/dev/null")
	t.Cleanup(func() { s.sh(t, back1, "rmdir /etc/web; docker network rm apps blog_front >/dev/null") })
	for _, image := range []string{"shop:4", "cart:2", "web:1", "web:4"} {
		s.sh(t, back1, "docker tag "+images+"grafana:latest "+images+image+" && docker push -q "+images+image)
	}
	t.Cleanup(func() { s.leaveNetwork(t, "fleet") }) // which the page does, unless it fails
	s.remove(t, back1, "influxdb", "grafana", "registry", "shop", "cart", "web", "blog-web-1")

	for _, page := range []string{"README.md", "CONTRIBUTING.md", "modules/rundock/README.md", "docs/args.md", "docs/coming-from.md", "docs/operations.md", "docs/overlay.md", "docs/troubleshooting.md"} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(copied, page))
			if err != nil {
				t.Fatal(err)
			}
			found := blocks(string(text))
			if len(found) == 0 {
				t.Fatalf("%s has no blocks to run", page)
			}
			// The page before may have left the store just started.
			await.Nil(t, "the store answers", func() error {
				_, err := s.try(front, etcdctl+"get none")
				return err
			})
			for _, b := range found {
				s.runBlock(t, copied, page, b)
			}
		})
	}
}

// runBlock runs one block of a page; it must succeed.
func (s *setup) runBlock(t *testing.T, checkout, page string, b block) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	var cmd *exec.Cmd
	switch {
	case b.skipped:
		return
	case b.host != "":
		if out, err := s.try(b.host, b.text); err != nil {
			t.Errorf("%s:%d on %s: %v\n%s\n%s", page, b.line, b.host, err, b.text, out)
		}
		return
	case b.language == "yaml":
		play := filepath.Join(checkout, fmt.Sprintf("docs-%d.yml", b.line))
		tasks := "- hosts: " + back1 + "\n  gather_facts: false\n  tasks:\n    " + strings.ReplaceAll(b.text, "\n", "\n    ") + "\n"
		if err := os.WriteFile(play, []byte(tasks), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd = exec.CommandContext(ctx, "ansible-playbook", "-i", s.inventory, play)
	default:
		cmd = exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", b.text)
	}
	cmd.Dir = checkout
	// What is written to the file that the page has the user edit, and where a collection is installed.
	cmd.Env = append(os.Environ(), "EDITOR=cp --remove-destination "+s.inventory, "ANSIBLE_COLLECTIONS_PATH="+checkout+"/.collections")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s\n%s", page, b.line, err, b.text, out)
	}
}

// block is a fenced block of a page, of a language that can be run.
type block struct {
	line     int // where it begins
	language string
	text     string // without the indentation of the fence
	host     string // where it is run; "" is the user's own machine
	skipped  bool
}

var (
	fence   = regexp.MustCompile("^( *)```([a-z]*)$")
	comment = regexp.MustCompile(`^ *<!-- (?:on ([a-z0-9-]+)|(not run): .+) -->$`)
)

// blocks returns the sh and yaml blocks of a page.
func blocks(page string) []block {
	var found []block
	var open *block
	indent, before := "", ""
	for i, line := range strings.Split(page, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open != nil && m != nil:
			if open.language == "sh" || open.language == "yaml" {
				found = append(found, *open)
			}
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case m != nil:
			open = &block{line: i + 1, language: m[2]}
			indent = m[1]
			if c := comment.FindStringSubmatch(before); c != nil {
				open.host, open.skipped = c[1], c[2] != ""
			}
		}
		before = cmp.Or(strings.TrimRight(line, " "), before) // a blank line may stand between
	}
	return found
}

func TestBlocks_are_found_with_where_they_run(t *testing.T) {
	page := "# Page\n```\na picture\n```\n1. Do:\n\n   ```sh\n   make\n     it\n   ```\n<!-- on node-1 -->\n```sh\nsv up x\n```\n<!-- not run: too long -->\n\n```sh\nsleep 1d\n```\n```yaml\n- a: b\n```\n"
	got := fmt.Sprintf("%+v", blocks(page))
	want := fmt.Sprintf("%+v", []block{
		{line: 7, language: "sh", text: "make\n  it\n"},
		{line: 12, language: "sh", text: "sv up x\n", host: "node-1"},
		{line: 17, language: "sh", text: "sleep 1d\n", skipped: true},
		{line: 20, language: "yaml", text: "- a: b\n"},
	})
	if got != want {
		t.Errorf("blocks = %s\nwant     %s", got, want)
	}
}
