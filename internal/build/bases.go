package build

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	fromForm     = regexp.MustCompile(`^(?i:FROM)(?:[\s\v]+|$)`)
	stageForm    = regexp.MustCompile(`^[a-z][a-z0-9-_.]*$`)
	platformForm = regexp.MustCompile(`^[A-Za-z0-9/_.-]+$`)
	variableForm = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([^${}]*))?\})`)
)

// base is a FROM.
type base struct {
	image    string // or the name of a stage
	platform string // "" is the host's own
	stage    string // as which others know it, in lower case; "" is none
}

// line is the FROM with image in place of its own.
func (b base) line(image string) string {
	text := "FROM "
	if b.platform != "" {
		text += "--platform=" + b.platform + " "
	}
	text += image
	if b.stage != "" {
		text += " AS " + b.stage
	}
	return text
}

// lookedInto returns a Dockerfile that begins with the same images by their ids. It pulls those that are
// missing, and refuses one whose ONBUILD has the daemon fetch from an address.
//
// However the daemon reads the text, it begins with no other image: no other line of it may be a FROM, an id is never
// pulled, and a stage is written in upper case, which the daemon finds as well and which can be no image's name.
func (b Builder) lookedInto(ctx context.Context, r Request, name, text string, args map[string]string) (string, error) {
	raw := slices.Collect(strings.Lines(strings.TrimPrefix(text, "\ufeff")))
	values, stages, written, last := variables{}, map[string]bool{}, map[int]bool{}, false
	for _, l := range logical(raw) {
		if l.word == "ARG" && !l.onbuild && len(written) == 0 {
			values.declare(l.rest, args)
		}
		if l.word != "FROM" || l.onbuild {
			continue
		}
		if last {
			clear(raw[l.first:]) // the daemon builds none of it
			break
		}
		at := fmt.Sprintf("%s:%d: FROM", name, l.first+1)
		from, why := values.base(l.rest)
		if why != "" {
			return "", Refused{at + ": " + why}
		}
		image, err := b.fixed(ctx, r, at, from, stages)
		if err != nil {
			return "", err
		}
		clear(raw[l.first:l.last])
		raw[l.first] = from.line(image) + strings.Repeat("\n", l.last-l.first)
		written[l.first] = true
		if from.stage != "" {
			stages[from.stage] = true
			last = strings.EqualFold(from.stage, r.Build.Target)
		}
	}
	text = strings.Join(raw, "")
	if found := otherFroms(name, text, written); len(found) > 0 {
		return "", Refused(found)
	}
	return text, nil
}

// fixed is by what the daemon is told to begin with the same image.
func (b Builder) fixed(ctx context.Context, r Request, at string, from base, stages map[string]bool) (string, error) {
	switch {
	case stages[strings.ToLower(from.image)]:
		return strings.ToUpper(from.image), nil
	case from.image == "scratch":
		return from.image, nil
	}
	image, err := b.Docker.Base(ctx, from.image, from.platform, r.Build.Pull, b.registries(r))
	if err != nil {
		return "", fmt.Errorf("%s: %w", at, err)
	}
	for _, trigger := range image.Triggers {
		lines := strings.Split(trigger, "\n")
		for i := range lines {
			if what, why := addAt(lines[i:]); why != "" {
				return "", Refused{fmt.Sprintf("%s: image %s has ONBUILD %.200q: %s: %s", at, from.image, trigger, what, why)}
			}
		}
	}
	id := strings.TrimPrefix(image.ID, "sha256:")
	r.Log.Addf("%s: %s is %s", at, from.image, id)
	return id, nil
}

// otherFroms are the lines, but for those written here, with which a FROM may begin that the daemon would take.
func otherFroms(name, text string, written map[int]bool) (found []string) {
	raw := strings.Split(text, "\n")
	for first := range raw {
		if written[first] {
			continue
		}
		whole, long := froms.at(raw[first:])
		if !long && whole == "" {
			continue
		}
		what := strings.TrimSpace(raw[first])
		if found = append(found, fmt.Sprintf("%s:%d: FROM: %.40s: it may begin with an image that nothing looked into: write it on one line, and begin no line within another instruction with FROM", name, first+1, what)); len(found) == foundAtMost {
			break
		}
	}
	return found
}

// froms finds a FROM that the daemon would take: with an image and, at most, AS and a name.
var froms = finder{words: "FROM", form: fromForm, never: func(text string) bool {
	words, flags := wordsOf(text)
	return !flags && len(words) > 4
}, not: func(text string) bool {
	words, flags := wordsOf(text)
	return !flags && len(words) != 2 && (len(words) != 4 || !strings.EqualFold(words[2], "as"))
}}

// wordsOf are those of an instruction. flags: it has some, which may be of several words.
func wordsOf(text string) (words []string, flags bool) {
	words = strings.FieldsFunc(text, isSpace)
	return words, len(words) > 1 && strings.HasPrefix(words[1], "--")
}

// variables are the values of the ARGs before the first FROM. One whose value is not understood is in it as unclear.
type variables map[string]string

const unclear = "\x00"

// declare notes an ARG. args are those that the build is given.
func (v variables) declare(rest string, args map[string]string) {
	for _, word := range strings.FieldsFunc(rest, isSpace) {
		name, value, given := strings.Cut(word, "=")
		if arg, ok := args[name]; ok {
			v[name] = arg
		} else if delete(v, name); given {
			v[name] = v.expand(value)
		}
	}
}

// expand gives a word its values; there is an unclear in what it does not understand.
func (v variables) expand(word string) string {
	if literal := variableForm.ReplaceAllString(word, ""); strings.ContainsAny(literal, "$\\`") || strings.Contains(word, "'") && strings.Contains(word, "$") {
		return unclear
	}
	word = strings.NewReplacer(`"`, "", "'", "").Replace(word)
	return variableForm.ReplaceAllStringFunc(word, func(used string) string {
		m := variableForm.FindStringSubmatch(used)
		value, set := v[m[1]+m[2]]
		if strings.HasPrefix(m[3], ":") {
			set = set && value != ""
		}
		switch {
		case strings.HasSuffix(m[3], "-") && !set:
			return m[4]
		case strings.HasSuffix(m[3], "+") && set:
			return m[4]
		case strings.HasSuffix(m[3], "+"):
			return ""
		}
		return value
	})
}

// base reads a FROM, or says why it cannot.
func (v variables) base(rest string) (from base, why string) {
	words := strings.FieldsFunc(rest, isSpace)
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		platform, ok := strings.CutPrefix(words[0], "--platform=")
		if from.platform = v.expand(platform); !ok || !platformForm.MatchString(from.platform) {
			return from, words[0] + " is not understood"
		}
		words = words[1:]
	}
	switch {
	case len(words) == 3 && strings.EqualFold(words[1], "as"):
		if from.stage = strings.ToLower(words[2]); !stageForm.MatchString(from.stage) {
			return from, words[2] + " cannot be the name of a stage"
		}
	case len(words) != 1:
		return from, "it wants an image, or an image, AS and a name"
	}
	if from.image = v.expand(words[0]); from.image == "" || strings.Contains(from.image, unclear) {
		return from, words[0] + " names no image: of variables, $A, ${A}, ${A:-b} and ${A:+b} are understood"
	}
	return from, ""
}

func isSpace(r rune) bool { return strings.ContainsRune(" \t\v\f\r\n", r) }
