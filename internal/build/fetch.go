package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// An ADD that is looked through is no longer, in bytes and lines.
	addAtMost      = 4 << 10
	addLinesAtMost = 100

	foundAtMost = 20 // lines that are named
)

var (
	addForm    = regexp.MustCompile(`^(?i:ONBUILD[\s\v]+)?(?i:ADD)(?:[\s\v]+|$)`)
	onlySpaces = regexp.MustCompile(`[\s\v]+`)
)

// fetches are the lines of a Dockerfile, called name for people, that may have ADD fetch from an address. The daemon does that
// itself, from the host's own network: so it reaches ports of this host and of others that no step does.
//
// It finds too many rather than too few. An instruction begins with some line, whatever continues the one before it in the
// daemon's eyes, by whichever character; and what begins with a variable may be an address.
func fetches(name, text string) (found []string) {
	raw := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for first := range raw {
		if a, why := addAt(raw[first:]); why != "" {
			if found = append(found, fmt.Sprintf("%s:%d: ADD: %s: %s", name, first+1, a, why)); len(found) == foundAtMost {
				break // the first ones say enough
			}
		}
	}
	return found
}

// addAt says why the ADD that begins with the first of lines is not allowed, and of what; "": there is none, or it is.
func addAt(lines []string) (what, why string) {
	var text strings.Builder
	begun := false // it is an ADD
	long := func() (what, why string) {
		said := strings.TrimSpace(text.String()[:min(40, text.Len())])
		return said + "...", fmt.Sprintf("it has more than %d bytes or %d lines", addAtMost, addLinesAtMost)
	}
	for i, l := range lines {
		if i >= addLinesAtMost {
			return long()
		}
		trimmed := strings.TrimSpace(l)
		if i > 0 && (trimmed == "" || trimmed[0] == '#') {
			continue
		}
		more := strings.TrimRight(l, " \t\r")
		part := strings.TrimRight(more, "\\`")
		if i == 0 && part == "" {
			return "", "" // the next line is looked at by itself
		}
		text.WriteString(part)
		if !begun {
			so := strings.TrimSpace(text.String())
			if begun = addForm.MatchString(so); !begun && !mayBecomeAdd(so) {
				return "", ""
			}
		}
		if text.Len() > addAtMost {
			return long()
		}
		if len(part) == len(more) {
			break // it does not go on
		}
	}
	whole := strings.TrimSpace(text.String())
	head := addForm.FindString(whole)
	if head == "" {
		return "", ""
	}
	return addressOf(whole[len(head):])
}

// mayBecomeAdd reports whether text is the beginning of ONBUILD ADD or ADD.
func mayBecomeAdd(text string) bool {
	text = onlySpaces.ReplaceAllString(strings.ToUpper(text), " ")
	return strings.HasPrefix("ONBUILD ADD", text) || strings.HasPrefix("ADD", text)
}

// addressOf says which of an ADD's words may be an address, and why it may not be there.
func addressOf(rest string) (what, why string) {
	const quotes = "\"'\\`[],"
	if strings.HasPrefix(rest, "[") && strings.Contains(rest, `\u`) {
		return rest, "write its words without \\u"
	}
	plain := strings.NewReplacer(`"`, "", "'", "", `\`, "", "`", "", "[", " ", "]", " ", ",", " ").Replace(rest)
	words := strings.FieldsFunc(plain, func(r rune) bool { return strings.ContainsRune(" \t\v\f\r\n", r) })
	for i, word := range words {
		begin, _, variable := strings.Cut(strings.ToLower(word), "$")
		target := i == len(words)-1 && !strings.ContainsAny(rest, quotes) // with quotes the last one may be empty
		for _, scheme := range []string{"http://", "https://"} {
			switch {
			case strings.HasPrefix(begin, scheme):
				return word, "the Docker daemon would fetch it, which reaches what builds must not: fetch it in a RUN"
			case variable && !target && strings.HasPrefix(scheme, begin):
				return word, "it may be an address, which the Docker daemon would fetch: use COPY for a file"
			}
		}
	}
	return "", ""
}

// closed says which lines a builder that is NoFetch refuses.
func closed(name, text string) error {
	if found := fetches(name, text); len(found) > 0 {
		return Refused(slices.Compact(found))
	}
	return nil
}
