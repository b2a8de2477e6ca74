package build

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// ignore are the lines of a .dockerignore, of which the last that matches counts.
type ignore []ignorance

type ignorance struct {
	pattern *regexp.Regexp
	keep    bool // the line begins with !
}

// parseIgnore reads a .dockerignore.
//
// Source: docker build, ".dockerignore file": Go's filepath.Match, and ** for any folders.
func parseIgnore(text string) (all ignore, err error) {
	number := 0
	for raw := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		if strings.HasPrefix(raw, "#") {
			continue
		}
		pattern, keep := strings.CutPrefix(strings.TrimSpace(raw), "!")
		if pattern = strings.TrimSpace(pattern); pattern == "" {
			continue
		}
		pattern = strings.TrimPrefix(path.Clean("/"+pattern), "/")
		if pattern == "" {
			continue
		}
		expression, err := expressionOf(pattern)
		if err != nil {
			return nil, fmt.Errorf(".dockerignore:%d: %w", number, err)
		}
		all = append(all, ignorance{expression, keep})
	}
	return all, nil
}

// expressionOf is a pattern as a regular expression, which matches what is below as well.
func expressionOf(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			if !strings.HasPrefix(pattern[i:], "**") {
				b.WriteString("[^/]*")
				break
			}
			i++
			if strings.HasPrefix(pattern[i+1:], "/") {
				i++
				b.WriteString("(.*/)?")
			} else {
				b.WriteString(".*")
			}
		case '?':
			b.WriteString("[^/]")
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 0 {
				return nil, fmt.Errorf("%s: a [ without ]", pattern)
			}
			b.WriteString(pattern[i : i+end+1])
			i += end
		case '\\':
			if i++; i == len(pattern) {
				return nil, fmt.Errorf("%s: it ends with \\", pattern)
			}
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	b.WriteString("(/.*)?$")
	return regexp.Compile(b.String())
}

// Rule is a line of a .dockerignore as a regular expression of a whole path, for who sends the
// context. The last one that matches counts; Keep takes back in.
type Rule struct {
	Pattern string
	Keep    bool
}

// Rules are the lines of a .dockerignore.
func Rules(text string) (all []Rule, err error) {
	parsed, err := parseIgnore(text)
	for _, one := range parsed {
		all = append(all, Rule{Pattern: one.pattern.String(), Keep: one.keep})
	}
	return all, err
}

// Ignores reports whether a .dockerignore leaves out the file name.
func Ignores(text, name string) bool {
	parsed, err := parseIgnore(text)
	return err == nil && parsed.ignores(name)
}

// ignores reports whether the file or folder name, which is relative, is left out.
func (i ignore) ignores(name string) bool {
	ignored := false
	for _, one := range i {
		if one.keep == ignored && one.pattern.MatchString(name) {
			ignored = !one.keep
		}
	}
	return ignored
}

// keepsSome reports whether a line takes something back in, so that a folder that is
// left out has to be looked through.
func (i ignore) keepsSome() bool {
	for _, one := range i {
		if one.keep {
			return true
		}
	}
	return false
}
