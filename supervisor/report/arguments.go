package report

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Arguments reads the arguments of a command for people: flags of set, before,
// between and after names. done says that the command is over, with code:
// usage was asked for, or an argument is bad, which is said.
func Arguments(set *flag.FlagSet, usage string, args []string) (names []string, code int, done bool) {
	set.SetOutput(io.Discard)
	for {
		err := set.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			fmt.Print(usage)
			return nil, ExitWell, true
		case err != nil:
			return nil, BadUsage(set.Name(), asTyped(err.Error(), args)), true
		case set.NArg() == 0:
			return names, 0, false
		}
		names = append(names, set.Arg(0))
		args = set.Args()[1:]
	}
}

// asTyped says what package flag has to say in the words of whoever typed args.
func asTyped(text string, args []string) string {
	name, ok := strings.CutPrefix(text, "flag provided but not defined: -")
	if !ok {
		return text
	}
	for _, arg := range args {
		if typed, _, _ := strings.Cut(arg, "="); strings.TrimLeft(typed, "-") == name && typed != name {
			return "unknown flag " + typed
		}
	}
	return "unknown flag -" + name
}

// BadUsage says what is wrong with an argument of a command of rundockd, or of
// another program where command begins with that: "previewd route".
func BadUsage(command, what string) int {
	if !strings.HasPrefix(command, "previewd ") {
		command = "rundockd " + command
	}
	fmt.Fprintf(os.Stderr, "%[1]s: %[2]s; see %[1]s --help\n", command, what)
	return ExitUsage
}
