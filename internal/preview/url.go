package preview

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// scpForm is git's short form of an address by ssh: git@example.com:team/shop.git
var scpForm = regexp.MustCompile(`^([A-Za-z0-9._][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*):([A-Za-z0-9~._][^\s:]*)$`)

// CheckURL says why git is not given raw as a repository's address. Allowed are
// https://, http:// and ssh://, and ssh's short form; neither files of this host
// (/srv, file://) nor helpers that run commands (ext::). Credentials are in files,
// and never in an address, which logs and pages show.
func CheckURL(raw string) error {
	fail := func(why string) error { return fmt.Errorf("repository address %q: %s", shown(raw), why) }
	switch {
	case raw == "":
		return errors.New("no repository address is given")
	case strings.Contains(raw, "::"):
		return fail("helpers such as ext:: are not allowed")
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fail("it has a space, or a character that is not of ASCII")
	case !strings.Contains(raw, "://"):
		if !scpForm.MatchString(raw) {
			return fail("want https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH")
		}
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return fail("it is not an address")
	}
	_, password := u.User.Password()
	switch {
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh":
		return fail(fmt.Sprintf("%s:// is not allowed: use https:// or ssh://", u.Scheme))
	case u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-"):
		return fail("it names no host")
	case password || u.User != nil && u.Scheme != "ssh":
		return fail("it has credentials: put them into the repository's credentials file")
	case strings.HasPrefix(u.User.Username(), "-"):
		return fail("its user begins with a hyphen")
	case u.RawQuery != "" || u.Fragment != "":
		return fail("it has a query or a fragment")
	}
	return nil
}

// shown is an address for people, without what may be a password in it.
func shown(raw string) string {
	begin := strings.Index(raw, "://")
	end := strings.LastIndex(raw, "@")
	if begin < 0 || end < begin {
		return raw
	}
	return raw[:begin+3] + "..." + raw[end:]
}
