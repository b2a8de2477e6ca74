package preview

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Lengths of names, in bytes.
const (
	slugAtMost = 40
	hashDigits = 6
	nameAtMost = slugAtMost + 1 + hashDigits
)

// reservedNames are labels of the previews' domain that no preview has: others are
// below a preview (api.akira), or are what people take for the site's own.
var reservedNames = []string{"api", "localhost", "preview", "previews", "rundock", "status", "www"}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// DomainOf is what previews' names are below, of a site with a domain, where nothing else is said.
func DomainOf(site string) string { return "y." + site }

// StackOf is the stack that a preview runs as.
func StackOf(name string) string { return "preview-" + name }

// CheckName says why name cannot be that of a preview: it is one label of DNS, of
// which the first two hyphens together are left to others (xn--, api--akira).
func CheckName(name string) error {
	switch {
	case len(name) > nameAtMost:
		return fmt.Errorf("name %q: %d characters, at most %d are allowed", name, len(name), nameAtMost)
	case !nameForm.MatchString(name):
		return fmt.Errorf("name %q: want a-z, 0-9 and -, neither the first nor the last a -", name)
	case strings.Contains(name, "--"):
		return fmt.Errorf("name %q: two hyphens together are not allowed", name)
	case slices.Contains(reservedNames, name):
		return fmt.Errorf("name %q is reserved: choose another one", name)
	}
	return nil
}

// Slug is a branch as part of a name: lower case, a hyphen for all that is no letter
// or digit of ASCII, at most 40 characters.
//
//	Slug("feature/Foo_bar") == "feature-foo-bar"
//
// whole is whether nothing was cut off, so that it can be a name by itself.
func Slug(branch string) (slug string, whole bool) {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(branch)) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug = strings.TrimRight(b.String(), "-")
	if len(slug) > slugAtMost {
		return strings.TrimRight(slug[:slugAtMost], "-"), false
	}
	return slug, slug != ""
}

// Names are the names that the preview of a branch may have, the best one first:
// the branch's slug, if that is whole and can be a name; then, which no other branch
// of any repository shares, the slug with six digits of a hash. A preview gets the
// first that no other one has, and keeps it.
func Names(repo, branch string) []string {
	slug, whole := Slug(branch)
	var names []string
	if whole && CheckName(slug) == nil {
		names = append(names, slug)
	}
	if slug == "" {
		slug = "branch"
	}
	sum := sha256.Sum256([]byte(repo + "\n" + branch))
	return append(names, slug+"-"+hex.EncodeToString(sum[:])[:hashDigits])
}

// branchAtMost is how long a branch's name may be, in bytes: git keeps one as a file's.
const branchAtMost = 244

// CheckBranch says why branch cannot be the name of a branch, by the rules of git
// check-ref-format, and so that no command takes it for an option.
func CheckBranch(branch string) error {
	fail := func(why string) error { return fmt.Errorf("branch %q: %s", branch, why) }
	switch {
	case branch == "":
		return errors.New("no branch is given")
	case len(branch) > branchAtMost:
		return fail(fmt.Sprintf("%d bytes, at most %d are allowed", len(branch), branchAtMost))
	case branch[0] == '-':
		return fail("it begins with a hyphen")
	case branch == "@" || branch == "HEAD" || strings.HasPrefix(branch, "refs/"):
		return fail("it stands for something else in git")
	case strings.ContainsAny(branch, " ~^:?*[\\") || strings.Contains(branch, "..") || strings.Contains(branch, "@{"):
		return fail("git allows no space, ~, ^, :, ?, *, [, \\, .. and @{ in it")
	case strings.ContainsFunc(branch, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fail("it has a control character")
	}
	for part := range strings.SplitSeq(branch, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return fail("a part between slashes is empty, begins or ends with a dot, or ends with .lock")
		}
	}
	return nil
}
