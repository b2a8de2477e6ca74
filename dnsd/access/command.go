package access

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"rundock/dnsd/settings"
	"rundock/internal/registry/etcd"
)

const usage = `Usage: dnsd access [flags]
       dnsd access align --hosts NAME=HOST,... --keepers NAME,... [--gone NAME,...]
                         [--builders NAME,...] [--routers NAME,...] [--pages NAME,...]
                         [--writable PREFIX,...] [--add] [--enforce] [--check] [flags]
       dnsd access forget --gone NAME,... [--check] [flags]
       dnsd access release [--check] [flags]

Without align: the users and roles of etcd, and whether it asks for them. align has
them be those of the hosts, and with --enforce has etcd ask; it says what it did,
nothing where nothing was to do. forget takes away users and roles of hosts that are
no more, and leaves all others as they are. release has etcd ask nobody any more. All of it is for
a host that keeps etcd, by root or the user dnsd: etcd's own certificate may do it alone.

  --hosts NAME=HOST,...   hosts whose certificates are host:NAME and dns:NAME, and what
                          host.json calls them; others that are known already stay
  --keepers NAME,...      all hosts that keep etcd
  --builders NAME,...     those of --hosts that build previews; --routers, those that take
                          requests for them; --pages, those that have their page
  --gone NAME,...         hosts that are no more: their certificates open nothing
  --writable PREFIX,...   of keys that all hosts may write, besides those of the zone,
                          overlay networks and switches
  --add                   take nothing away, as hosts may be using it yet
  --enforce               etcd asks from now on
  --check                 say what would be done

The way to etcd, and the zone, come from the same settings as dnsd's (dnsd --help).
`

// flags are those of align, forget and release.
type flags struct {
	hosts, keepers, gone, writable string
	builders, routers, pages       string
	add, enforce, check            bool
}

// Command is "dnsd access ...". It writes what it has to say to out.
func Command(ctx context.Context, args []string, env func(string) (string, bool), out io.Writer) error {
	var f flags
	s, rest, err := settings.ReadForCommand(args, env, os.ReadFile, func(set *flag.FlagSet) {
		set.StringVar(&f.hosts, "hosts", "", "")
		set.StringVar(&f.keepers, "keepers", "", "")
		set.StringVar(&f.builders, "builders", "", "")
		set.StringVar(&f.routers, "routers", "", "")
		set.StringVar(&f.pages, "pages", "", "")
		set.StringVar(&f.gone, "gone", "", "")
		set.StringVar(&f.writable, "writable", "", "")
		set.BoolVar(&f.add, "add", false, "")
		set.BoolVar(&f.enforce, "enforce", false, "")
		set.BoolVar(&f.check, "check", false, "")
	})
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(out, usage)
		return err
	}
	if err != nil {
		return err
	}
	if len(s.Members.Endpoints) == 0 {
		return errors.New("no etcd is known, by --etcd or host.json: Consul has access control of its own")
	}
	w, err := f.wanted(s.Zones[0].Name)
	if err != nil {
		return err
	}
	client, err := etcd.OpenCluster(s.Members)
	if err != nil {
		return err
	}
	defer client.Close()
	switch verb := strings.Join(rest, " "); verb {
	case "":
		if f == (flags{}) {
			return show(ctx, client, out)
		}
	case "forget":
		if len(w.Gone) == 0 {
			return errors.New("--gone: which hosts are no more?")
		}
		return forget(ctx, client, w.Gone, f.check, out)
	case "release":
		return release(ctx, client, f.check, out)
	case "align":
		if len(w.Hosts)+len(w.Gone) == 0 || len(w.Keepers) == 0 {
			return errors.New("--hosts, --keepers: whose access?")
		}
		return align(ctx, client, w, f.check, out)
	}
	return fmt.Errorf("unexpected %q, see dnsd access --help", strings.Join(args, " "))
}

// wanted reads the flags. An error names one.
func (f flags) wanted(zone string) (Wanted, error) {
	w := Wanted{
		Zone: strings.TrimSuffix(zone, "."), Keepers: split(f.keepers), Gone: split(f.gone), Writable: split(f.writable), Enforce: f.enforce, Add: f.add,
		Builders: split(f.builders), Routers: split(f.routers), Pages: split(f.pages),
	}
	for _, pair := range split(f.hosts) {
		name, host, found := strings.Cut(pair, "=")
		if !found || name == "" || host == "" {
			return w, fmt.Errorf("--hosts: %q: want NAME=HOST", pair)
		}
		w.Hosts = append(w.Hosts, Host{name, host})
	}
	for _, prefix := range w.Writable {
		if !strings.HasPrefix(prefix, "/") || strings.HasPrefix("/rundock/", prefix) || strings.HasPrefix("/skydns/", prefix) {
			return w, fmt.Errorf("--writable: %q: want a prefix that begins with a slash and is not all records, nor all of rundock's own keys", prefix)
		}
	}
	if w.Add && len(w.Gone) > 0 {
		return w, errors.New("--gone, --add: which of them, as --add takes nothing away?")
	}
	for _, name := range w.Gone {
		if slices.Contains(w.Keepers, name) || slices.ContainsFunc(w.Hosts, func(h Host) bool { return h.Name == name }) {
			return w, fmt.Errorf("--gone: %s is a host of the site", name)
		}
	}
	return w, nil
}

func split(s string) []string { return strings.FieldsFunc(s, func(c rune) bool { return c == ',' }) }

func table(a etcd.Access, out io.Writer) error {
	rows := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "USER\tROLES")
	for _, name := range slices.Sorted(maps.Keys(a.Users)) {
		fmt.Fprintf(rows, "%s\t%s\n", name, strings.Join(a.Users[name], ", "))
	}
	fmt.Fprintln(rows, "ROLE\tMAY")
	for _, name := range slices.Sorted(maps.Keys(a.Roles)) {
		var may []string
		for _, g := range a.Roles[name] {
			may = append(may, words(g))
		}
		if name == root {
			may = []string{"do everything"}
		}
		fmt.Fprintf(rows, "%s\t%s\n", name, strings.Join(may, "; "))
	}
	return rows.Flush()
}
