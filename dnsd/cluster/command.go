package cluster

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"rundock/dnsd/settings"
	"rundock/internal/registry/etcd"
)

const usage = `Usage: dnsd cluster [--wait DURATION] [flags]
       dnsd cluster remove NAME [--check] [flags]
       dnsd cluster align --members NAME=URL,... [--empty NAME,...] [--begin --dir DIR] [--check] [flags]

Without align: the members of the etcd cluster, which of them answer, and which
has no vote yet. With --wait it waits until all answer, have a vote, and have what the
others had when it began; it fails where that is not so after this time. align brings them to the hosts of --members, one step after the
other: a member is added without a vote, has one once it has all records, and what is
not wanted is removed. It says what it did, nothing where nothing was to do, and refuses
what would take the majority. Any host may call it; one at a time.

remove takes the member of the host NAME out of the cluster, for good, be it there or
not; it says so, and nothing where there is none. It refuses to take the last one, and what
would leave no majority. As align does, it waits where etcd changes no members yet, as
right after one of them was restarted.

  --members NAME=URL,...  hosts that are to keep a member, 1, 3 or 5, and the URL
                          for peers of each (its dnsd has it as --embed-etcd-peer)
  --empty NAME,...        those of them that have no data: a member of theirs that
                          does not answer is gone for good, and is replaced
  --begin                 no host has data: the store of this one, in --dir, begins
                          the cluster. It is the first of --members
  --dir DIR               its folder
  --check                 say what would be done

The way to etcd comes from the same settings as dnsd's: --etcd and all others, or
where they come from (dnsd --help).
`

// flags are those of align.
type flags struct {
	members, empty, dir string
	begin, check        bool
	wait                time.Duration
}

// Command is "dnsd cluster ...". It writes what it has to say to out.
func Command(ctx context.Context, args []string, env func(string) (string, bool), out io.Writer) error {
	var f flags
	s, rest, err := settings.ReadForCommand(args, env, os.ReadFile, func(set *flag.FlagSet) {
		set.StringVar(&f.members, "members", "", "")
		set.StringVar(&f.empty, "empty", "", "")
		set.StringVar(&f.dir, "dir", "", "")
		set.BoolVar(&f.begin, "begin", false, "")
		set.BoolVar(&f.check, "check", false, "")
		set.DurationVar(&f.wait, "wait", 0, "")
	})
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(out, usage)
		return err
	}
	if err != nil {
		return err
	}
	if len(s.Members.Endpoints) == 0 {
		return errors.New("no etcd is known, by --etcd or host.json: Consul's servers know each other by themselves")
	}
	if len(rest) == 0 && f == (flags{wait: f.wait}) {
		return show(ctx, s.Members, f.wait, out)
	}
	a := alignment{dir: f.dir, begin: f.begin, check: f.check, out: out, waits: os.Stderr}
	switch {
	case len(rest) == 2 && rest[0] == "remove" && f == (flags{check: f.check}):
		a.next = func(members []member) step { return planLeaving(members, rest[1]) }
	case len(rest) == 1 && rest[0] == "align":
		if a.hosts, err = f.hosts(); err != nil {
			return err
		}
		a.next = func(members []member) step { return plan(members, a.hosts) }
	default:
		return fmt.Errorf("unexpected %q, see dnsd cluster --help", strings.Join(rest, " "))
	}
	if a.client, err = etcd.OpenCluster(s.Members); err != nil {
		return err
	}
	defer a.client.Close()
	return a.run(ctx)
}

// hosts reads --members and --empty. An error names the flag.
func (f flags) hosts() (hosts []Host, err error) {
	for _, pair := range strings.FieldsFunc(f.members, func(c rune) bool { return c == ',' }) {
		name, peer, _ := strings.Cut(pair, "=")
		u, err := url.Parse(peer)
		if err == nil {
			_, err = netip.ParseAddrPort(u.Host)
		}
		if err != nil || name == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("--members: %q: want NAME=http://IP:port or NAME=https://IP:port", pair)
		}
		if slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name || h.Peer == peer }) {
			return nil, fmt.Errorf("--members: %s is there twice", pair)
		}
		hosts = append(hosts, Host{Name: name, Peer: peer})
	}
	if err := CheckSize(len(hosts)); err != nil {
		return nil, fmt.Errorf("--members: %w", err)
	}
	for _, name := range strings.FieldsFunc(f.empty, func(c rune) bool { return c == ',' }) {
		at := slices.IndexFunc(hosts, func(h Host) bool { return h.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("--empty: %s is none of --members", name)
		}
		hosts[at].Empty = true
	}
	if f.begin && f.dir == "" {
		return nil, errors.New("--begin: of the store in which --dir?")
	}
	return hosts, nil
}

// show prints the members of the cluster, once they are whole or wait is over.
func show(ctx context.Context, cfg etcd.Config, wait time.Duration, out io.Writer) error {
	client, err := etcd.OpenCluster(cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	var late error
	if wait > 0 {
		late = awaitWhole(ctx, client, wait)
	}
	members, err := look(ctx, client, nil)
	if err != nil {
		return errors.Join(late, err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEMBER\tPEERS REACH IT AT\tSTATE")
	for _, m := range members {
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.name, m.peer, m.state())
	}
	return errors.Join(table.Flush(), late)
}
