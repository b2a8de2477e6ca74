package verbs

import (
	"fmt"
	"strings"

	"rundock/supervisor/report"
)

func (p Program) man([]string) int {
	fmt.Print(p.page())
	return report.ExitWell
}

// page is the man page, of section 8, in the man macros of troff.
func (p Program) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 8 \"\" %s rundock\n", strings.ToUpper(p.Name), quoted(p.Version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", p.Name, troff(p.About))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I COMMAND\n[...]\n", p.Name)
	if len(p.Options) > 0 {
		fmt.Fprintf(&b, ".br\n.B %s\n[\n.I OPTIONS\n]\n", p.Name)
	}
	b.WriteString(".SH COMMANDS\n")
	group := ""
	for _, v := range p.all() {
		if v.Group != group {
			group = v.Group
			fmt.Fprintf(&b, ".SS %s\n", troff(group))
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s.\n", troff(v.call()), troff(strings.ReplaceAll(v.Help, "\n", " ")))
	}
	if p.More != "" {
		fmt.Fprintf(&b, ".PP\n%s\n", troff(p.More))
	}
	if len(p.Options) > 0 {
		b.WriteString(".SH OPTIONS\n")
		for _, o := range p.Options {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s.\n", troff(strings.TrimSpace("--"+o.Name+" "+o.Value)), troff(strings.ReplaceAll(o.Help, "\n", " ")))
		}
	}
	b.WriteString(".SH EXIT STATUS\n0 if all is well, 1 if something is not, 2 if the command was not understood; " +
		"a command that has others says so with\n.BR \\-\\-help .\n")
	if len(p.Files) > 0 {
		b.WriteString(".SH FILES\n")
		for _, f := range p.Files {
			path, what, _ := strings.Cut(f, "  ")
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", troff(path), troff(what))
		}
	}
	return b.String()
}

// troff is text that is shown as it is.
func troff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

// quoted is an argument of a macro.
func quoted(s string) string { return `"` + strings.ReplaceAll(troff(s), `"`, `\(dq`) + `"` }
