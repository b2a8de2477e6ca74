// Package verbs makes a program of a table of commands: what it runs, its usage,
// its completion in shells (completion.go) and its man page (man.go).
package verbs

import (
	"fmt"
	"os"
	"strings"

	"rundock/supervisor/report"
)

// Verb is a command of a program.
type Verb struct {
	Name  string
	Args  string // as usage shows them; NAME or SERVICE among them is a service of this host, for completion
	Group string // its headline in usage; the verbs of a group follow each other
	Help  string // a line or several, without a full stop
	Run   func(args []string) int
	Plain bool // Help is all there is to say: --help is answered with it, and Run not called
}

// Option is a flag of a program that may be run without a verb.
type Option struct {
	Name  string // without its hyphens
	Value string // a word for what it takes, or ""
	Help  string // a line or several, without a full stop
}

// Of is a verb, as a line of a table.
func Of(name, args, group, help string, run func(args []string) int) Verb {
	return Verb{Name: name, Args: args, Group: group, Help: help, Run: run}
}

// Plain is a verb that knows no --help of its own, as a line of a table.
func Plain(name, args, group, help string, run func(args []string) int) Verb {
	return Verb{Name: name, Args: args, Group: group, Help: help, Run: run, Plain: true}
}

// Program is what a main has besides its verbs.
type Program struct {
	Name    string
	About   string // one line without a full stop, for the man page
	Version string
	More    string   // a sentence below the usage
	Files   []string // "PATH  what it is" each, for the man page
	Verbs   []Verb   // in the order of usage; two of one name are shown, and the first is run
	Options []Option // what it takes without a verb, for completion and the man page
}

// forPrograms is the group of what every program has.
const forPrograms = "Of the program itself"

// own are the verbs that every program has.
func (p Program) own() []Verb {
	return []Verb{
		Plain("help", "[COMMAND]", forPrograms, "this page, or what a command has to say", p.help),
		Plain("version", "", forPrograms, "print the version", p.version),
		Plain("completion", "bash | zsh", forPrograms, "print what has the shell complete commands and services", p.completion),
		Plain("man", "", forPrograms, "print the man page", p.man),
	}
}

func (p Program) all() []Verb { return append(p.Verbs[:len(p.Verbs):len(p.Verbs)], p.own()...) }

// Main runs the verb that args begin with, and returns the exit code.
func (p Program) Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, p.usage())
		return report.ExitUsage
	}
	switch args[0] {
	case "--help", "-h":
		fmt.Print(p.usage())
		return report.ExitWell
	case "--version":
		return p.version(nil)
	}
	v, ok := p.find(args[0])
	switch {
	case !ok:
		return p.unknown(args[0])
	case v.Plain && len(args) == 2 && (args[1] == "--help" || args[1] == "-h"):
		return p.help(args[:1])
	}
	return v.Run(args[1:])
}

func (p Program) find(name string) (Verb, bool) {
	for _, v := range p.all() {
		if v.Name == name {
			return v, true
		}
	}
	return Verb{}, false
}

func (p Program) unknown(name string) int {
	fmt.Fprintf(os.Stderr, "%s: unknown command %q\n\n%s", p.Name, name, p.usage())
	return report.ExitUsage
}

// help is the usage, or what a verb says to --help.
func (p Program) help(args []string) int {
	if len(args) == 0 {
		fmt.Print(p.usage())
		return report.ExitWell
	}
	v, ok := p.find(args[0])
	if !ok {
		return p.unknown(args[0])
	}
	if v.Plain {
		fmt.Printf("usage: %s %s\n%s.\n", p.Name, v.call(), v.Help)
		return report.ExitWell
	}
	return v.Run(append(args[1:len(args):len(args)], "--help"))
}

func (p Program) version([]string) int {
	fmt.Println(p.Name, p.Version)
	return report.ExitWell
}

// usage lists the verbs by group.
func (p Program) usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s COMMAND ...\n", p.Name)
	group := ""
	for _, v := range p.all() {
		if v.Group != group {
			group = v.Group
			b.WriteString("\n" + group + ":\n")
		}
		fmt.Fprintf(&b, "  %-16s  %s\n", v.call(), strings.ReplaceAll(v.Help, "\n", "\n"+strings.Repeat(" ", 20)))
	}
	if p.More != "" {
		b.WriteString("\n" + p.More + "\n")
	}
	return b.String()
}

// call is the verb as it is written.
func (v Verb) call() string { return strings.TrimSpace(v.Name + " " + v.Args) }

// One is the main of a program that does one thing: it says its version, and run does all else.
func One(name, version string, run func(args []string) int, args []string) int {
	if len(args) == 1 && args[0] == "--version" {
		return Program{Name: name, Version: version}.version(nil)
	}
	return run(args)
}
