package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"
	"rundock/dnsd/table"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
)

// A look is one of the commands that read the registry and change nothing.
type look struct {
	usage string // its --help, before the flags
	run   func(ctx context.Context, l *looking, args []string) error
}

var looks = map[string]look{"check": {checkUsage, check}, "explain": {explainUsage, explain}, "dump": {dumpUsage, dump}}

// Exit codes of these commands: 1 is of what could not be looked at.
const exitFound = 2

// found is the error of a look that found something wrong, and has said so.
type found struct{}

func (found) Error() string { return "something is wrong, see above" }

const lookFlags = `
It reads etcd itself, with the same settings as dnsd: --etcd, --zone, --prefix
and all others, or where they come from (dnsd --help).
`

// looking is what a look works with.
type looking struct {
	settings settings.Settings
	json     bool
	server   string // to compare with
	client   registry.Store
	out      io.Writer
}

func lookCommand(ctx context.Context, what look, args []string, out io.Writer) error {
	l := &looking{out: out}
	var err error
	l.settings, args, err = settings.ReadForCommand(args, os.LookupEnv, os.ReadFile, func(set *flag.FlagSet) {
		set.BoolVar(&l.json, "json", false, "")
		set.StringVar(&l.server, "server", "", "")
	})
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(out, what.usage+lookFlags)
	}
	if err != nil {
		return err
	}
	l.client, err = etcd.Open(l.settings.Registry, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer l.client.Close()
	return what.run(ctx, l, args)
}

// A view is the registry at one revision, and what dnsd makes of it.
type view struct {
	keys    []registry.Listed
	bad     map[string]string // reasons by key
	answers *answer.Server
}

func (l *looking) view(ctx context.Context) (*view, error) {
	keys, revision, err := l.client.List(ctx, l.settings.Prefix+"/")
	if err != nil {
		return nil, err
	}
	return newView(l.settings, keys, revision)
}

func newView(s settings.Settings, keys []registry.Listed, revision int64) (*view, error) {
	tab := table.New(s.Prefix)
	v := &view{keys: keys, bad: map[string]string{}}
	for _, each := range tab.Replace(revision, func(yield func(string, []byte) bool) {
		for _, k := range keys {
			if !yield(k.Key, append([]byte{}, k.Value...)) {
				return
			}
		}
	}) {
		v.bad[each.Key] = each.Reason
	}
	var err error
	v.answers, err = s.Answers(tab, func() []netip.Addr { return ownAddresses(s) })
	return v, err
}

// hidden says whether a key with a final slash is not answered because the one
// without is there.
func (v *view) hidden(key string) bool {
	plain, slash := strings.CutSuffix(key, "/")
	_, bad := v.bad[plain]
	_, there := slices.BinarySearchFunc(v.keys, plain, func(k registry.Listed, key string) int { return strings.Compare(k.Key, key) })
	return slash && there && !bad
}

// ownAddresses are those that a running dnsd would tell of itself, as far as
// the settings say.
func ownAddresses(s settings.Settings) []netip.Addr {
	all := s.NameServers
	if len(all) > 0 {
		return all
	}
	listened, _ := server.Now(s.Listen) // what is not there is not told of
	for _, at := range s.Listen {
		if a, err := netip.ParseAddr(at.Host); err == nil {
			listened = append(listened, netip.AddrPortFrom(a, at.Port))
		}
	}
	for _, at := range listened {
		if a := at.Addr(); !a.IsLoopback() {
			all = append(all, a)
		}
	}
	return all
}
