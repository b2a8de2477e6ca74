package verbs

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"rundock/supervisor/report"
)

// completion prints the script of a shell.
func (p Program) completion(args []string) int {
	switch {
	case len(args) == 1 && args[0] == "bash":
		fmt.Print(p.bash())
	case len(args) == 1 && args[0] == "zsh":
		fmt.Printf("#compdef %s\nautoload -U +X bashcompinit && bashcompinit\n%s", p.Name, p.bash())
	default:
		fmt.Fprintf(os.Stderr, "usage: %s completion bash | zsh\n", p.Name)
		return report.ExitUsage
	}
	return report.ExitWell
}

// bash offers the verbs, and after each its words: those that Args has in lower case,
// --help, and the services of this host where it takes one.
func (p Program) bash() string {
	var b strings.Builder
	fn := "_" + strings.ReplaceAll(p.Name, "-", "_")
	fmt.Fprintf(&b, "%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} words\n", fn)
	fmt.Fprintf(&b, "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='%s'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n", strings.Join(slices.Concat(p.names(), p.flags()), " "))
	if len(p.Options) > 0 {
		fmt.Fprintf(&b, "\t\t-*) words='%s' ;;\n", strings.Join(p.flags(), " "))
	}
	for _, name := range p.names() {
		words, services := p.words(name)
		fmt.Fprintf(&b, "\t\t%s) words='%s'", name, strings.Join(words, " "))
		if services {
			b.WriteString(`" $(cd /etc/sv 2>/dev/null && printf '%s ' docker-*)"; words=${words//docker-\*/}; words=${words//docker-/}`)
		}
		b.WriteString(" ;;\n")
	}
	fmt.Fprintf(&b, "\t\tesac\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -F %s %s\n", fn, p.Name)
	return b.String()
}

// names are the verbs, each once, in the order of usage.
func (p Program) names() (names []string) {
	for _, v := range p.all() {
		if !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
	}
	return names
}

// flags are what may be written without a verb.
func (p Program) flags() (flags []string) {
	for _, o := range p.Options {
		flags = append(flags, "--"+o.Name)
	}
	return flags
}

// words are what may follow a verb, over all that have its name.
func (p Program) words(name string) (words []string, services bool) {
	for _, v := range p.all() {
		if v.Name != name {
			continue
		}
		for _, w := range strings.FieldsFunc(v.Args, func(r rune) bool { return strings.ContainsRune(" |[]", r) }) {
			switch {
			case strings.HasPrefix(w, "NAME") || strings.HasPrefix(w, "SERVICE"):
				services = true
			case strings.ToLower(w) == w && strings.Trim(w, ".") != "" && !slices.Contains(words, w):
				words = append(words, w)
			}
		}
		if name == "help" {
			words = append(words, p.names()...)
		}
	}
	return append(words, "--help"), services
}
