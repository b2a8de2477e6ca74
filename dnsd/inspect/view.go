package inspect

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"
	"rundock/dnsd/table"
	"rundock/internal/registry"
)

// ErrFound is returned by a command that found something wrong, and has said so.
var ErrFound = errors.New("something is wrong, see above")

// looking is what a command works with.
type looking struct {
	settings settings.Settings
	json     bool   // printed as such
	server   string // IP:port of the dnsd that explain asks; empty: the one of the settings
	try      string // key of a record that check is to judge before it is written
	client   registry.Store
	out      io.Writer
}

// A view is the store at one revision, and what dnsd makes of it.
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
