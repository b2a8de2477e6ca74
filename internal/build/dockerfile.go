package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// beyond are flags of instructions that only BuildKit knows.
var beyond = map[string][]string{
	"RUN":  {"--mount", "--network", "--security", "--device"},
	"COPY": {"--chmod", "--link", "--parents", "--exclude"},
	"ADD":  {"--chmod", "--link", "--checksum", "--keep-git-dir", "--unpack", "--exclude"},
}

var (
	heredoc     = regexp.MustCompile(`(^|[\s;|&(])\d*<<-?(["']?)[A-Za-z_][A-Za-z0-9_]*`)
	ofPlatform  = regexp.MustCompile(`\$\{?((BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT))\b`)
	instruction = regexp.MustCompile(`^\s*(?:ONBUILD\s+)?([A-Za-z]+)(?:\s+(.*))?$`)
	escapeLine  = regexp.MustCompile("^#\\s*escape\\s*=\\s*([\\\\`])\\s*$")
	directive   = regexp.MustCompile(`^#\s*[A-Za-z]+\s*=`)
)

// inspection is what a Dockerfile says of what this builder does not do by itself.
type inspection struct {
	wrong     []string // lines that only BuildKit can do, for people
	platforms []string // arguments declared that BuildKit would give values: TARGETARCH
}

// inspect looks through the text of a Dockerfile; what else is wrong with it, the
// builder says.
func inspect(name, text string) (found inspection) {
	for _, l := range logical(text) {
		m := instruction.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		word, rest := strings.ToUpper(m[1]), m[2]
		fail := func(what string) {
			found.wrong = append(found.wrong, fmt.Sprintf("%s:%d: %s: %s needs BuildKit, which this builder is not", name, l.number, word, what))
		}
		for flag := range strings.FieldsSeq(rest) {
			if !strings.HasPrefix(flag, "--") {
				break
			}
			if before, _, _ := strings.Cut(flag, "="); slices.Contains(beyond[word], before) {
				fail(before)
			}
		}
		if (word == "RUN" || word == "COPY" || word == "ADD") && heredoc.MatchString(rest) {
			fail("a text in place (<<)")
		}
		if word == "FROM" {
			// Only arguments from before the first FROM count here, which BuildKit's own need not be.
			for _, used := range ofPlatform.FindAllStringSubmatch(rest, -1) {
				fail("$" + used[1])
			}
		}
		if argument := strings.TrimSpace(rest); word == "ARG" && ofPlatform.MatchString("$"+argument) && !strings.Contains(argument, "=") && !slices.Contains(found.platforms, argument) {
			found.platforms = append(found.platforms, argument)
		}
	}
	return found
}

// line is an instruction with the lines that go on with it, and the number of its first.
type line struct {
	number int
	text   string
}

// logical are the instructions of a Dockerfile, without comments and empty lines.
func logical(text string) (all []line) {
	escape, top := `\`, true
	var open *line
	number := 0
	for raw := range strings.Lines(text) {
		number++
		raw = strings.TrimRight(raw, " \t\r\n")
		trimmed := strings.TrimSpace(raw)
		if strings.HasPrefix(trimmed, "#") {
			if m := escapeLine.FindStringSubmatch(trimmed); top && m != nil {
				escape = m[1]
			}
			top = top && directive.MatchString(trimmed)
			continue
		}
		top = false
		if trimmed == "" {
			continue
		}
		if open == nil {
			open = &line{number: number}
		}
		more, continued := strings.CutSuffix(raw, escape)
		open.text += more
		if !continued {
			all = append(all, *open)
			open = nil
		}
	}
	if open != nil {
		all = append(all, *open)
	}
	return all
}

// platformArgs gives the declared arguments the values that BuildKit would give on a
// host of this architecture.
func platformArgs(declared []string, arch string) map[string]string {
	args := map[string]string{}
	for _, name := range declared {
		switch rest := strings.TrimPrefix(strings.TrimPrefix(name, "BUILD"), "TARGET"); rest {
		case "PLATFORM":
			args[name] = "linux/" + arch
		case "OS":
			args[name] = "linux"
		case "ARCH":
			args[name] = arch
		}
	}
	return args
}
