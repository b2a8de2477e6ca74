package docsite

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// site is the site of this checkout, with two programs.
func site(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("git", "-C", "../..", "ls-files", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Build(Source{Root: "../..", Tracked: strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), Programs: map[string]map[string]string{
		"shop":  {"": "usage: shop COMMAND\n", "open": "usage: shop open <NAME>\n"},
		"other": {"": "usage: other\n"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// page is what of a page's HTML is looked at.
type page struct {
	ids    []string
	links  []string // targets of links, and what else a page fetches
	titles []string
	depth  []string // elements that are not closed
}

func parse(t *testing.T, data []byte) (p page) {
	t.Helper()
	z := html.NewTokenizer(bytes.NewReader(data))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return p
		case html.StartTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				switch a.Key {
				case "id":
					p.ids = append(p.ids, a.Val)
				case "href", "src":
					p.links = append(p.links, a.Val)
				}
			}
			switch token.Data {
			case "meta", "link", "br", "hr", "img":
			default:
				p.depth = append(p.depth, token.Data)
			}
			if token.Data == "h1" {
				z.Next()
				p.titles = append(p.titles, z.Token().Data)
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(p.depth) == 0 || p.depth[len(p.depth)-1] != name {
				t.Errorf("</%s> closes %v", name, p.depth)
				return p
			}
			p.depth = p.depth[:len(p.depth)-1]
		}
	}
}

func TestBuild_has_no_broken_link_and_nothing_from_elsewhere(t *testing.T) {
	files := site(t)
	pages := map[string]page{}
	for name, data := range files {
		if strings.HasSuffix(name, ".html") && !strings.HasPrefix(name, "files/") {
			pages[name] = parse(t, data)
		}
	}
	for name, p := range pages {
		if len(p.titles) != 1 || len(p.depth) > 0 {
			t.Errorf("%s: titles %q, not closed %q; want one title and all closed", name, p.titles, p.depth)
		}
		if slices.Sort(p.ids); len(slices.Compact(slices.Clone(p.ids))) != len(p.ids) {
			t.Errorf("%s: an id is there twice: %q", name, p.ids)
		}
		for _, link := range p.links {
			if strings.Contains(link, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(link, "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if files[to] == nil {
				t.Errorf("%s: the link to %s leads nowhere", name, link)
			} else if anchor != "" && !slices.Contains(pages[to].ids, anchor) {
				t.Errorf("%s: %s has no %s", name, to, anchor)
			}
		}
	}
	if bytes.Contains(files["style.css"], []byte("url(")) {
		t.Error("style.css fetches something")
	}
	for _, name := range []string{"index.html", "rundock.html", "stacks.html", "modules/rundock.html", "dnsd.html", "reference/index.html",
		"reference/modules/rundock_kv.html", "reference/roles/dnsd.html", "reference/programs/shop.html", "contributing.html"} {
		if _, ok := pages[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	// Every page is reached from the first.
	reached := map[string]bool{}
	for next := []string{"index.html"}; len(next) > 0; {
		name := next[0]
		if next = next[1:]; reached[name] {
			continue
		}
		reached[name] = true
		for _, link := range pages[name].links {
			if file, _, _ := strings.Cut(link, "#"); file != "" && !strings.Contains(link, "://") {
				next = append(next, path.Join(path.Dir(name), file))
			}
		}
	}
	for name := range pages {
		if !reached[name] {
			t.Errorf("no link leads to %s", name)
		}
	}
}

func TestBuild_says_what_modules_roles_and_programs_say(t *testing.T) {
	files := site(t)
	for name, wants := range map[string][]string{
		"reference/modules/rundock_kv.html": {"<dt><code>key</code> <span class=\"kind\">str, required</span>", "<code>backend/current</code>", "run_once", "id=\"result\""},
		"reference/roles/dnsd.html":         {"<code>rundock_dns_upstreams</code> <span class=\"kind\">list of str</span>"},
		"reference/programs/shop.html":      {"usage: shop open &lt;NAME&gt;"},
		"reference/index.html":              {`<a href="../reference/programs/other.html">other</a>`},
		"index.html":                        {`<a href="modules/rundock.html">`},
		"modules/rundock.html":              {`href="../style.css"`},
	} {
		for _, want := range wants {
			if !bytes.Contains(files[name], []byte(want)) {
				t.Errorf("%s has no %s", name, want)
			}
		}
	}
	if bytes.Contains(files["reference/roles/dnsd.html"], []byte("rundock_store")) {
		t.Error("the page of a role has variables of others")
	}
	again := site(t)
	for name, data := range files {
		if !bytes.Equal(data, again[name]) {
			t.Errorf("%s is another one the second time", name)
		}
	}
}

func TestBuild_names_a_link_that_leads_nowhere(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "lost.md"), []byte("# Lost\n\n[away](away.md)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := builder{Source: Source{Root: root}, files: map[string][]byte{}, places: map[string]string{"lost.md": "lost.html"}}
	err := b.page("lost.md")
	if err == nil || !strings.Contains(err.Error(), "lost.md: link to away.md") {
		t.Errorf("%v; want an error that names page and link", err)
	}
}

func TestMarked(t *testing.T) {
	for in, want := range map[string]string{
		"C(a/b) is I(so) and B(bold)":     "<code>a/b</code> is <em>so</em> and <strong>bold</strong>",
		"C(f(x)) and a < b":               "<code>f(x)</code> and a &lt; b",
		"U(https://example.com/x)":        `<a href="https://example.com/x">https://example.com/x</a>`,
		"a plain (text), DISC(no) markup": "a plain (text), DISC(no) markup",
	} {
		if got := fmt.Sprint(marked(in)); got != want {
			t.Errorf("marked(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestIds_are_as_GitHub_makes_them(t *testing.T) {
	i := ids{}
	for _, c := range []struct{ title, want string }{
		{"etcd by site.yml", "etcd-by-siteyml"}, {"Who may do what?", "who-may-do-what"}, {"One", "one"}, {"One", "one-1"}, {"A `b` & c", "a-b--c"},
	} {
		if got := string(i.Generate([]byte(c.title), 0)); got != c.want {
			t.Errorf("%q is %s, want %s", c.title, got, c.want)
		}
	}
}
