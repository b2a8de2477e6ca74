package build

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	// An instruction that is looked through is no longer, in bytes and lines.
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

// finder finds an instruction by its first words.
type finder struct {
	words string                 // these, or the last of them alone
	form  *regexp.Regexp         // of an instruction's beginning
	never func(text string) bool // whether what has begun so is none, however it goes on; nil: it may be one
	not   func(text string) bool // whether a whole one is none after all; nil: it is one
}

// at returns the instruction that begins with the first of lines, as one line; "": there is none. long: it has more than may be
// looked through.
func (f finder) at(lines []string) (whole string, long bool) {
	var text strings.Builder
	begun := false
	for i, l := range lines {
		if i >= addLinesAtMost {
			return strings.TrimSpace(text.String()), true
		}
		trimmed := strings.TrimSpace(l)
		if i > 0 && (trimmed == "" || trimmed[0] == '#') {
			continue
		}
		more := strings.TrimRight(l, " \t\r")
		part := strings.TrimRight(more, "\\`")
		if i == 0 && part == "" {
			return "", false // the next line is looked at by itself
		}
		text.WriteString(part)
		if !begun {
			so := strings.TrimSpace(text.String())
			if begun = f.form.MatchString(so); !begun && !f.mayBecome(so) {
				return "", false
			}
		}
		if begun && f.never != nil && f.never(text.String()) {
			return "", false
		}
		if text.Len() > addAtMost {
			return strings.TrimSpace(text.String()), true
		}
		if len(part) == len(more) {
			break // it does not go on
		}
	}
	whole = strings.TrimSpace(text.String())
	if !f.form.MatchString(whole) || f.not != nil && f.not(whole) {
		return "", false
	}
	return whole, false
}

// mayBecome reports whether text is the beginning of the words.
func (f finder) mayBecome(text string) bool {
	text = onlySpaces.ReplaceAllString(strings.ToUpper(text), " ")
	return strings.HasPrefix(f.words, text) || strings.HasPrefix(f.words[strings.LastIndex(f.words, " ")+1:], text)
}

var adds = finder{words: "ONBUILD ADD", form: addForm}

// addAt says why the ADD that begins with the first of lines is not allowed, and of what; "": there is none, or it is.
func addAt(lines []string) (what, why string) {
	whole, long := adds.at(lines)
	switch {
	case long:
		return strings.TrimSpace(whole[:min(40, len(whole))]) + "...", fmt.Sprintf("it has more than %d bytes or %d lines", addAtMost, addLinesAtMost)
	case whole == "":
		return "", ""
	}
	return addressOf(whole[len(addForm.FindString(whole)):])
}

// addressOf says which of an ADD's words may be an address, and why it may not be there.
func addressOf(rest string) (what, why string) {
	const quotes = "\"'\\`[],"
	if strings.HasPrefix(rest, "[") && strings.Contains(rest, `\u`) {
		return rest, "write its words without \\u"
	}
	plain := strings.NewReplacer(`"`, "", "'", "", `\`, "", "`", "", "[", " ", "]", " ", ",", " ").Replace(rest)
	words := strings.FieldsFunc(plain, isSpace)
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
