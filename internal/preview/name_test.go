package preview

import (
	"slices"
	"strings"
	"testing"
)

func TestSlug(t *testing.T) {
	for branch, want := range map[string]string{
		"main":                          "main",
		"feature/Foo_bar":               "feature-foo-bar",
		"--x--y--":                      "x-y",
		"fix/#12: ä umlaut":             "fix-12-umlaut",
		"ü":                             "",
		strings.Repeat("long-name/", 9): "long-name-long-name-long-name-long-name",
	} {
		if got, _ := Slug(branch); got != want {
			t.Errorf("Slug(%q) = %q, want %q", branch, got, want)
		}
	}
}

func TestNames_are_labels_of_47_characters_at_most(t *testing.T) {
	for _, branch := range []string{"main", "feature/Foo_bar", "api", "ü", "xn--a", strings.Repeat("x", 90), strings.Repeat("-a", 45), "a.b"} {
		for _, name := range Names("shop", branch) {
			if err := CheckName(name); err != nil || len(name) > 47 {
				t.Errorf("Names(shop, %q) has %q: %v", branch, name, err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	if got := Names("shop", "feature/Foo_bar"); got[0] != "feature-foo-bar" || len(got) != 2 || !strings.HasPrefix(got[1], "feature-foo-bar-") {
		t.Errorf("of a branch whose slug can be a name: %v, want the slug, then the slug with a hash", got)
	}
	for _, branch := range []string{strings.Repeat("x", 90), "api", "ü"} {
		if got := Names("shop", branch); len(got) != 1 {
			t.Errorf("of %q, whose slug cannot be a name: %v, want one with a hash", branch, got)
		}
	}
	a, b, c := Names("shop", "feature/foo"), Names("shop", "feature-foo"), Names("blog", "feature/foo")
	if a[0] != b[0] || a[0] != c[0] {
		t.Errorf("three branches of one slug: %v, %v, %v", a, b, c)
	}
	if a[1] == b[1] || a[1] == c[1] || b[1] == c[1] {
		t.Errorf("the second names of three branches of one slug are not three: %v, %v, %v", a, b, c)
	}
	if again := Names("shop", "feature/foo"); !slices.Equal(a, again) {
		t.Errorf("Names is not the same each time: %v, %v", a, again)
	}
}

func TestCheckName_refuses(t *testing.T) {
	for _, name := range []string{"", "api", "www", "-x", "x-", "ü", "a.b", "a--b", "A", "a_b", "a/b", strings.Repeat("x", 48), "xn--mnchen-3ya"} {
		if err := CheckName(name); err == nil {
			t.Errorf("%q is allowed", name)
		}
	}
	for _, name := range []string{"a", "akira", "feature-foo-bar", "7", strings.Repeat("x", 47)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
}

func TestCheckBranch(t *testing.T) {
	for _, branch := range []string{
		"", "-x", "--upload-pack=touch /tmp/x", "--upload-pack=x", "a..b", "a b", "a\nb", "a~1", "a^", "a:b", "a?", "a*", "a[b", `a\b`, "a@{1}", "@", "HEAD", "refs/heads/x",
		"/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", strings.Repeat("x", 245), "a\x7f",
	} {
		if err := CheckBranch(branch); err == nil {
			t.Errorf("branch %q is allowed", branch)
		}
	}
	for _, branch := range []string{"main", "feature/Foo_bar", "ü", "fix/#12", "a-b", "dependabot/npm_and_yarn/x-1.2.3", strings.Repeat("x", 244)} {
		if err := CheckBranch(branch); err != nil {
			t.Errorf("branch %q is refused: %v", branch, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, raw := range []string{
		"", "ext::sh -c id", "ext::sh", "file:///etc", "/srv/git/shop", "../shop", "shop.git", "git://example.com/shop", "ftp://example.com/shop",
		"https://user:secret@example.com/shop", "https://token@example.com/shop", "ssh://git:secret@example.com/shop", "ssh://-oProxyCommand=id/x", "ssh://-x@example.com/y",
		"-oProxyCommand=id:x", "git@-oProxyCommand=id:x", "--upload-pack=x", "https:///shop", "https://example.com/shop?x=1", "https://example.com/ shop", "git@example.com:", "https://exämple.com/x",
		"git@example.com:-x",
	} {
		if err := CheckURL(raw); err == nil {
			t.Errorf("%q is allowed", raw)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the password is in the error: %v", raw, err)
		}
	}
	for _, raw := range []string{
		"https://example.com/team/shop.git", "http://127.0.0.1:8080/shop", "ssh://git@example.com:2222/team/shop.git", "git@example.com:team/shop.git", "example.com:~me/shop",
	} {
		if err := CheckURL(raw); err != nil {
			t.Errorf("%q is refused: %v", raw, err)
		}
	}
}
