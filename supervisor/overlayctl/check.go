package overlayctl

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
)

// checkMain prints what an audit would do, and would still do after a while.
func checkMain(args []string) int {
	names, code, done := report.Arguments(flag.NewFlagSet("overlay check", flag.ContinueOnError), usage, args)
	if done {
		return code
	}
	if names, code = network.Resolve("overlay check", names); code != report.ExitWell {
		return code
	}
	var err error
	for i, found := range checkNetworks(names) {
		err = errors.Join(err, found.err)
		wrong, notes := askDockerAbout(names[i])
		for _, note := range notes {
			fmt.Fprintln(os.Stderr, "rundockd overlay check: note:", note)
		}
		for _, command := range append(found.left, wrong...) {
			fmt.Println(command)
			code = report.ExitWrong
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay check:", err)
		return max(code, report.ExitUnknown)
	}
	return code
}

// checked is what is left to do for a network, or why that is not known.
type checked struct {
	left []string
	err  error
}

// checkNetworks looks at all of these networks until nothing is left to do for
// any of them, or until it is beyond doubt what is.
func checkNetworks(names []string) []checked {
	return report.LookAgain(func(before []checked, again bool) []checked {
		now := make([]checked, len(names))
		for i, name := range names {
			left, faults, err := overlayhost.Look(name)
			now[i] = checked{append(left, faults...), err}
			if again {
				now[i].left = report.Lasting(before[i].left, now[i].left)
			}
		}
		return now
	}, func(all []checked) bool {
		return slices.ContainsFunc(all, func(c checked) bool { return len(c.left) > 0 })
	})
}
