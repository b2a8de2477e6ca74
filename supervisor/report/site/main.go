package site

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry/open"
	"rundock/internal/runit"
	"rundock/internal/skydns"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd services [--json] [NAME...]

All services of the zone and their instances, as the store has them: on whichever host it
is called. Of this host's it also tells those that are not announced, and why; of others' their
own host does (rundockd explain NAME). Records by hand are among them where they are as a
service's.

  --json   one JSON document, described in docs/operations.md

Columns: COLOUR, with "active" where it answers the service's name; STATE of the sidecar; FOR
how long, of an instance of this host; WHY NOT: why it is not announced.

Exit codes: 0 the store was asked; 1 it could not be asked, and this host's are told; 2 bad
arguments; 4 no such service.
`

// Main is `rundockd services`; it returns the exit code.
func Main(args []string) int {
	set := flag.NewFlagSet("services", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd services:", err)
		return report.ExitUnknown
	}
	doc := document{Version: report.Version, Host: host.Host, Zone: host.Zone(), Time: time.Now().UTC()}
	prefix := skydns.Key(skydns.Prefix, host.Zone()) + "/"
	records, err := open.List(host, prefix)
	if err != nil {
		doc.Registry, code = err.Error(), report.ExitUnknown
	}
	doc.Services = fold(records, prefix, host.Host, sidecars(host))
	if len(names) > 0 {
		doc.Services = slices.DeleteFunc(doc.Services, func(s service) bool { return !slices.Contains(names, s.Name) })
		if len(doc.Services) == 0 && code == 0 {
			fmt.Fprintf(os.Stderr, "rundockd services: no host announces %s\n", names[0])
			return report.ExitNone
		}
	}
	if *asJSON {
		return report.PrintJSON(doc, code)
	}
	if len(doc.Services) > 0 {
		fmt.Print(doc.table())
	}
	if doc.Registry != "" {
		fmt.Fprintln(os.Stderr, "the store cannot be asked, so other hosts' are not known:", doc.Registry)
	}
	return code
}

// sidecars are the status files of this host's enabled services.
func sidecars(host hostconfig.Config) (all []control.AnnounceStatus) {
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return nil
	}
	for _, name := range (report.Services{Folders: folders}).Names() {
		enabled, _ := folders.Enabled(supervisor.Prefix + name)
		if s, err := control.ReadAnnounce(control.Dir, name); enabled && err == nil && s.PID != 0 {
			r, _ := control.ReadRunner(control.Dir, name)
			all = append(all, s.Beside(r))
		}
	}
	return all
}
