package filterer

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/nft/live"
	"rundock/internal/sitefilter"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	filterreport "rundock/supervisor/report/filter"
)

const usage = `usage: rundockd filter [status [--json] | check [FILE] | admit NAME=ADDRESS... | leave]

Keeps the table inet rundock_filter of nftables as /etc/rundock/filter.json says: which
of this host's own services containers and other machines reach. runsv starts it so.
HUP: leave to a successor, which reads the settings anew; the table stays.

  status   how it stands; --json: one document, described in docs/operations.md
  check    what would be done now to have the table as it is to be, as commands of nft;
           check FILE: whether FILE is right as settings
  admit    have other hosts count as hosts of the site, until site.yml says otherwise;
           a host's address of IPv4, and then those of IPv6 that it has
  leave    take the table away. Stop rundockd filter first

Exit codes: 0 well, 1 it could not be found out, 2 bad usage, 3 something is
wrong, and what is said.

Examples:
  rundockd filter status
  rundockd filter check
  nft list table inet rundock_filter
`

// Main is `rundockd filter`.
func Main(args []string) int {
	if len(args) == 0 {
		process.NoMoreRights()
		return process.Resident(process.ErrStop, "cannot keep the packet filter", setUpAndRun)
	}
	set := flag.NewFlagSet("filter", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	words, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case *asJSON && (len(words) != 1 || words[0] != "status"):
		return report.BadUsage("filter", "--json is for status")
	case len(words) == 1 && words[0] == "status":
		return showStatus(*asJSON)
	case len(words) == 1 && words[0] == "check":
		return said("check", checkTable())
	case len(words) == 2 && words[0] == "check":
		_, err := read(words[1])
		return said("check", err)
	case len(words) > 1 && words[0] == "admit":
		return said("admit", admit(words[1:]))
	case len(words) == 1 && words[0] == "leave":
		return said("leave", leave())
	}
	return report.BadUsage("filter", fmt.Sprintf("want status, check, admit NAME=ADDRESS or leave, not %q", strings.Join(words, " ")))
}

// errDiffers is what check returns once it has said what differs.
var errDiffers = errors.New("the table is not as it is to be")

// said tells of an error, and returns the exit code.
func said(command string, err error) int {
	switch {
	case err == nil:
		return report.ExitWell
	case errors.Is(err, errDiffers):
		return report.ExitWrong
	}
	fmt.Fprintf(os.Stderr, "rundockd filter %s: %v\n", command, err)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return report.ExitUnknown
	}
	return report.ExitWrong
}

// read returns the settings in a file.
func read(path string) (sitefilter.Settings, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return sitefilter.Settings{}, err
	}
	s, err := sitefilter.Parse(data)
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// setUpAndRun reads the settings, takes over from a predecessor, and runs. An error comes
// from the set-up.
func setUpAndRun(ctx context.Context, log *slog.Logger) error {
	digest := control.FileSum(filterreport.Settings)
	settings, err := read(filterreport.Settings)
	if err != nil {
		return err
	}
	unlock, err := process.TakeOver(ctx, control.FilterLock(control.Dir), "filter", log)
	if err != nil {
		return err
	}
	defer unlock()
	docker, err := container.Open()
	if err != nil {
		return err
	}
	conn, err := live.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	last, _ := control.ReadFilter(control.Dir) // none, or a damaged one: what it knew is found out again
	return newFilterer(settings, digest, conn, docker, last, log).run(ctx)
}

func showStatus(asJSON bool) int {
	s := filterreport.StatusOf(filterreport.Gather())
	if asJSON {
		return report.PrintJSON(s, s.ExitCode())
	}
	fmt.Print(s.Text())
	return s.ExitCode()
}

// checkTable is `rundockd filter check`.
func checkTable() error {
	settings, err := read(filterreport.Settings)
	if err != nil {
		return err
	}
	status, err := control.ReadFilter(control.Dir)
	if err != nil {
		return err
	}
	conn, err := live.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	due, err := compare(conn, settings, knownFrom(status))
	if err != nil || due == nil {
		return err
	}
	fmt.Println(due.commands())
	return errDiffers
}

// admit is `rundockd filter admit`: it says whom it has admitted.
func admit(words []string) error {
	hosts := map[string][]netip.Addr{}
	for _, w := range words {
		name, address, _ := strings.Cut(w, "=")
		a, err := netip.ParseAddr(address)
		if err != nil || name == "" {
			return fmt.Errorf("%q: want NAME=ADDRESS", w)
		}
		hosts[name] = append(hosts[name], a)
	}
	data, err := os.ReadFile(filterreport.Settings)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // this host lets in all
	}
	changed := false
	if err == nil {
		data, changed, err = sitefilter.Admit(data, hosts)
	}
	if err != nil || !changed {
		return err
	}
	err = fstree.Replace(filterreport.Settings, 0o644, data)
	if err == nil {
		fmt.Println("admitted", strings.Join(words, " "))
		err = hangUp()
	}
	return err
}

// hangUp has rundockd filter read the settings anew, if it runs.
func hangUp() error {
	s, err := control.ReadFilter(control.Dir)
	if err != nil || !process.IsRundockd(s.PID, "filter") {
		return nil
	}
	return unix.Kill(s.PID, unix.SIGHUP)
}

// leave is `rundockd filter leave`.
func leave() error {
	if s, err := control.ReadFilter(control.Dir); err == nil && process.IsRundockd(s.PID, "filter") {
		return fmt.Errorf("rundockd filter runs (pid %d): stop it first", s.PID)
	}
	conn, err := live.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	there, err := remove(conn)
	if err == nil && there {
		fmt.Println("removed the table inet " + sitefilter.TableName)
	}
	return err
}
