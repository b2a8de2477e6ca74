package checkout

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Read reads the checkout in root.
func Read(root string) (Checkout, error) {
	s := Checkout{Root: root}
	said := map[string]string{}
	for what, args := range map[string][]string{
		"files":   {"ls-files", "-z"},
		"time":    {"log", "-1", "--format=%ct"},
		"tags":    {"tag", "--merged", "HEAD", "--list", "v[0-9]*", "--sort=-version:refname"},
		"changes": {"status", "--porcelain", "--untracked-files=no"},
	} {
		out, err := git(root, args...)
		if err != nil {
			return s, err
		}
		said[what] = out
	}
	s.Tracked = strings.Split(strings.TrimSuffix(said["files"], "\x00"), "\x00")
	seconds, err := strconv.ParseInt(strings.TrimSpace(said["time"]), 10, 64)
	if err != nil {
		return s, fmt.Errorf("read the commit's time: %w", err)
	}
	s.Time = time.Unix(seconds, 0).UTC()
	tag := release(said["tags"])
	since := "HEAD"
	if tag != "" {
		since = tag + "..HEAD"
	}
	commits, err := git(root, "rev-list", "--count", since)
	if err != nil {
		return s, err
	}
	s.Version = version(tag, strings.TrimSpace(commits), said["changes"] != "")
	return s, nil
}

var semantic = regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)$`)

// release returns the first of tags, newest first, that names a release, or "".
func release(tags string) string {
	for _, tag := range strings.Fields(tags) {
		if semantic.MatchString(tag) {
			return tag
		}
	}
	return ""
}

// version returns the semantic version of a checkout that is commits after the release
// tag, "" for none yet:
//
//	version("v1.2.3", "0", false) == "1.2.3"
//	version("v1.2.3", "7", false) == "1.2.4-dev.7"
//	version("", "787", true)      == "0.0.1-dev.787.dirty"
//
// So a later commit has a higher version, and changes that are not committed show.
func version(tag, commits string, changed bool) string {
	if tag == "" {
		tag = "v0.0.0"
	}
	if commits == "0" && !changed {
		return tag[1:]
	}
	m := semantic.FindStringSubmatch(tag)
	patch, _ := strconv.Atoi(m[3])
	v := fmt.Sprintf("%s.%s.%d-dev.%s", m[1], m[2], patch+1, commits)
	if changed {
		v += ".dirty"
	}
	return v
}

func git(root string, args ...string) (string, error) { return Command(root, nil, "git", args...) }
