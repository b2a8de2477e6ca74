package build

import (
	"encoding/json"
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
	heredoc     = regexp.MustCompile(`(?:^|[\s;|&(])\d*<<(-?)["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)
	ofPlatform  = regexp.MustCompile(`\$(?:\{(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)\}|\{?(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)\b)`)
	instruction = regexp.MustCompile(`^\s*(ONBUILD\s+)?([A-Za-z]+)(?:\s+(.*))?$`)
	escapeLine  = regexp.MustCompile("^#\\s*escape\\s*=\\s*([\\\\`])\\s*$")
	directive   = regexp.MustCompile(`^#\s*[A-Za-z]+\s*=`)
)

// inspection is what a Dockerfile says of what this builder does not do by itself.
type inspection struct {
	text      string   // as this builder is given it: it makes the same
	wrong     []string // lines that only BuildKit can do, for people
	notes     []string // of lines that are done otherwise, for people
	platforms []string // arguments declared that BuildKit would give values: TARGETARCH
}

// inspect looks through the text of a Dockerfile, and writes what is for BuildKit in
// another way where this builder makes the same of that on a host of this architecture. What else
// is wrong with it, the builder says.
func inspect(name, text, arch string) inspection {
	found := inspection{}
	raw := slices.Collect(strings.Lines(text))
	all := logical(raw)
	shelled := slices.ContainsFunc(all, func(l line) bool { return l.word == "SHELL" })
	for _, l := range all {
		a := adaption{line: l, name: name, arch: arch, shelled: shelled, text: strings.Join(raw[l.first:l.last], ""), found: &found}
		a.flags()
		a.platforms()
		a.texts()
		raw[l.first] = a.text
		clear(raw[l.first+1 : l.last])
	}
	found.text = strings.Join(raw, "")
	return found
}

// refused says which lines the builder cannot do; nil: it does all.
func (i inspection) refused() error {
	if len(i.wrong) > 0 {
		return Refused(i.wrong)
	}
	return nil
}

// adaption is an instruction that is written as this builder takes it.
type adaption struct {
	line
	name    string // of the Dockerfile, for people
	arch    string
	shelled bool   // the Dockerfile says which shell there is
	text    string // the lines of the instruction
	found   *inspection
}

// said is what is said of the instruction.
func (a *adaption) said(what string) string {
	return fmt.Sprintf("%s:%d: %s: %s", a.name, a.first+1, a.word, what)
}

func (a *adaption) refuse(what string) {
	a.found.wrong = append(a.found.wrong, a.said(what+" needs BuildKit, which this builder is not"))
}

// flags leaves out those without which the same is made, and refuses others that are
// BuildKit's.
func (a *adaption) flags() {
	for {
		rest := strings.TrimSpace(a.rest)
		if !strings.HasPrefix(rest, "--") {
			return
		}
		flag := strings.Fields(rest)[0]
		a.rest = rest[len(flag):]
		before, value, _ := strings.Cut(flag, "=")
		switch {
		case !slices.Contains(beyond[a.word], before):
		case before == "--mount" && isScratch(value):
			a.leaveOut(flag)
			a.found.notes = append(a.found.notes, a.said(flag+" is left out: what the step writes there is fetched anew by each build, and stays in the image"))
		case before == "--link", flag == "--network=default":
			a.leaveOut(flag)
		default:
			a.refuse(before)
		}
	}
}

// leaveOut takes a flag out of the text, where it is the first one that is spelt so.
func (a *adaption) leaveOut(flag string) {
	a.text = strings.Replace(a.text, flag, "", 1)
}

// isScratch reports whether a mount is a folder that begins empty, or as the last build left it.
func isScratch(mount string) bool {
	kind := ""
	for field := range strings.SplitSeq(mount, ",") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "type":
			kind = value
		case "from", "source", "src": // it begins as something that has to be there
			return false
		}
	}
	return (kind == "cache" || kind == "tmpfs") && !strings.ContainsAny(mount, `"'$`)
}

// platforms gives what a stage is of the values that BuildKit would: builds are for the host's own platform.
// Only arguments from before the first FROM count there, which BuildKit's own need not be.
func (a *adaption) platforms() {
	if argument := strings.TrimSpace(a.rest); a.word == "ARG" && ofPlatform.MatchString("$"+argument) && !strings.Contains(argument, "=") && !slices.Contains(a.found.platforms, argument) {
		a.found.platforms = append(a.found.platforms, argument)
	}
	if a.word != "FROM" {
		return
	}
	a.text = ofPlatform.ReplaceAllStringFunc(a.text, func(used string) string {
		name := strings.Trim(used, "${}")
		value, known := platformArgs([]string{name}, a.arch)[name]
		if open := strings.HasPrefix(used, "${") && !strings.HasSuffix(used, "}"); !known || open { // as ${TARGETARCH:-amd64}
			a.refuse("$" + name)
			return used
		}
		return value
	})
}

// texts has the shell read the texts in place of a RUN, as they are its own, too.
func (a *adaption) texts() {
	if len(a.heredocs) == 0 {
		return
	}
	const what = "a text in place (<<)"
	command := " " + strings.TrimSpace(a.rest)
	script := command[1:] + "\n" + a.body
	if heredoc.FindString(command) == command {
		script = a.heredocs[0].text // there is no other command
	}
	switch {
	case a.word != "RUN", !a.ended:
		a.refuse(what)
		return
	case a.shelled:
		a.refuse(what + " with a SHELL of its own")
		return
	case strings.HasPrefix(script, "#!"):
		a.refuse(what + " that begins with #!")
		return
	}
	words, err := json.Marshal([]string{"/bin/sh", "-c", script})
	if err != nil {
		panic(err) // texts
	}
	head := a.text[:strings.Index(strings.ToUpper(a.text), "RUN")+len("RUN")]
	a.text = head + " " + string(words) + strings.Repeat("\n", strings.Count(a.text, "\n"))
}

// line is an instruction.
type line struct {
	word, rest  string // RUN, and what follows, its lines as one
	onbuild     bool   // it is one of ONBUILD
	first, last int    // of its lines, those of its texts in place among them, and the one behind them
	heredocs    []text
	body        string // the lines of its texts in place, with those that end them
	ended       bool   // each of the texts has its end
}

// text is a text in place.
type text struct {
	name, text string
	tabs       bool // those that lines begin with are no part of it: <<-
}

// logical are the instructions of the lines of a Dockerfile, without comments and empty lines.
func logical(raw []string) (all []line) {
	escape, top := `\`, true
	open, whole := -1, ""
	for n := 0; n < len(raw); n++ {
		l := strings.TrimRight(raw[n], " \t\r\n")
		trimmed := strings.TrimSpace(l)
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
		if open < 0 {
			open, whole = n, ""
		}
		more, continued := strings.CutSuffix(l, escape)
		if whole += more; continued && n+1 < len(raw) {
			continue
		}
		m := instruction.FindStringSubmatch(whole)
		if m != nil {
			one := line{word: strings.ToUpper(m[2]), rest: m[3], onbuild: m[1] != "", first: open}
			n = one.readTexts(raw, n)
			one.last = n + 1
			all = append(all, one)
		}
		open = -1
	}
	return all
}

// readTexts reads the texts in place of an instruction whose own lines end with that of number n; it returns the
// number of their last one.
func (l *line) readTexts(raw []string, n int) int {
	if l.word != "RUN" && l.word != "COPY" && l.word != "ADD" {
		return n
	}
	for _, m := range heredoc.FindAllStringSubmatch(l.rest, -1) {
		l.heredocs = append(l.heredocs, text{name: m[2], tabs: m[1] != ""})
	}
	at := n + 1
	for i := range l.heredocs {
		t, begun := &l.heredocs[i], at
		for ; at < len(raw); at++ {
			body := strings.TrimRight(raw[at], "\r\n")
			if t.tabs {
				body = strings.TrimLeft(body, "\t")
			}
			if body == t.name {
				break
			}
			t.text += body + "\n"
		}
		if at == len(raw) {
			return n // it is none, or has no end
		}
		at++
		l.body += strings.Join(raw[begun:at], "")
	}
	l.ended = true
	return at - 1
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
