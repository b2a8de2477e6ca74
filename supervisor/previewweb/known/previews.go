package known

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
)

// Preview is one, as people and programs are shown it.
type Preview struct {
	Name   string `json:"name" doc:"a label of DNS"`
	Repo   string `json:"repo"`
	Branch string `json:"branch"`

	Want   string     `json:"want" doc:"running, stopped, or removed while it is on its way out"`
	State  string     `json:"state" doc:"queued, building, deploying, ready, failed or asleep"`
	Reason string     `json:"reason,omitempty" doc:"why it has failed"`
	Since  *time.Time `json:"since,omitempty" doc:"when the state began"`

	Commit string `json:"commit,omitempty" doc:"what the state is about"`
	Newest string `json:"newest,omitempty" doc:"the branch's newest commit that is known"`

	Asked   time.Time  `json:"asked" doc:"when it was last to be deployed"`
	Who     string     `json:"who,omitempty" doc:"who asked for that"`
	Expires *time.Time `json:"expires,omitempty" doc:"when it is removed by itself; left out where it is pinned"`
	Pinned  bool       `json:"pinned" doc:"neither sleeps nor is removed by itself"`
	Used    *time.Time `json:"used,omitempty" doc:"its last request, to a minute"`

	URL   string            `json:"url"`
	URLs  map[string]string `json:"urls,omitempty" doc:"of its further routes, by label"`
	Hosts []string          `json:"hosts" doc:"where it runs, or is built"`

	Unheard []string `json:"unheard,omitempty" doc:"those of hosts that the store has not heard of for half a minute: what is there may not answer"`

	Builder string `json:"builder,omitempty" doc:"the host whose builder has it: its log is there"`
}

// Busy says whether somebody works on p, or is to.
func (p Preview) Busy() bool {
	return p.State == string(preview.Queued) || p.State == string(preview.Building) || p.State == string(preview.Deploying) || p.Want == string(preview.Removed)
}

// Previews are all there are, by name.
func (b *Book) Previews() []Preview {
	b.mu.RLock()
	defer b.mu.RUnlock()
	at := b.places()
	all := make([]Preview, 0, len(b.wishes))
	for _, name := range slices.Sorted(maps.Keys(b.wishes)) {
		all = append(all, b.preview(b.wishes[name], at))
	}
	return all
}

// Preview is the one called name; ok: there is one.
func (b *Book) Preview(name string) (p Preview, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	w, ok := b.wishes[name]
	if !ok {
		return p, false
	}
	return b.preview(w, b.places()), true
}

// Builder is the host whose builder has the preview name, "" where none has; ok: there is that preview.
func (b *Book) Builder(name string) (host string, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, ok = b.wishes[name]
	return b.states[name].Host, ok
}

// Has says whether a wish is known as it is.
func (b *Book) Has(w preview.Wish) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	known, ok := b.wishes[w.Name]
	at := known.Asked.Equal(w.Asked)
	known.Asked = w.Asked // times are not to be compared by ==
	return ok && at && known == w
}

// Of is w as it is shown, also where no batch has told of it yet.
func (b *Book) Of(w preview.Wish) Preview {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.preview(w, b.places())
}

func (b *Book) preview(w preview.Wish, at places) Preview {
	s, begun := b.states[w.Name]
	if s.Step = cmp.Or(s.Step, preview.Queued); !begun && w.Want == preview.Stopped {
		s.Step = preview.Asleep // no builder is to begin it
	}
	p := Preview{
		Name: w.Name, Repo: w.Repo, Branch: w.Branch, Want: string(w.Want), State: string(s.Step), Reason: s.Reason,
		Commit: s.Commit, Newest: w.Commit, Asked: w.Asked, Who: w.Who, Pinned: w.Pinned, URL: b.url(w.Name, ""), Hosts: []string{}, Builder: s.Host,
	}
	p.Since, p.Expires = when(s.Since), when(b.site.Rules.Expires(w))
	for _, u := range b.used[w.Name] {
		if p.Used == nil || u.At.After(*p.Used) {
			p.Used = when(u.At)
		}
	}
	for label, addresses := range s.Routes {
		if label != "" {
			if p.URLs == nil {
				p.URLs = map[string]string{}
			}
			p.URLs[label] = b.url(w.Name, label)
		}
		for _, a := range addresses {
			p.Hosts = append(p.Hosts, hostOf(a, at.subnets)...)
		}
	}
	for _, host := range []string{s.Host, b.claims[w.Name].Host} {
		if host != "" {
			p.Hosts = append(p.Hosts, host)
		}
	}
	slices.Sort(p.Hosts)
	p.Hosts = slices.Compact(p.Hosts)
	for _, host := range p.Hosts {
		if !at.alive[host] {
			p.Unheard = append(p.Unheard, host)
		}
	}
	return p
}

// url is the address of a route of a preview.
func (b *Book) url(name, label string) string {
	host := name + "." + b.site.Domain
	if label != "" {
		// A certificate for *.DOMAIN covers this one alone.
		host = label + "--" + host
	}
	if b.site.Port != "" {
		host += ":" + b.site.Port
	}
	return b.site.Scheme + "://" + host + "/"
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Repos are all repositories, by name.
func (b *Book) Repos() []preview.Repo {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.SortedFunc(maps.Values(b.repos), func(x, y preview.Repo) int { return strings.Compare(x.Name, y.Name) })
}

// Repo is the one called name; ok: there is one.
func (b *Book) Repo(name string) (r preview.Repo, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok = b.repos[name]
	return r, ok
}

// Settings are the variables that are set in a scope, sorted, and its revision.
func (b *Book) Settings(scope settings.Scope) (names []string, revision int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	set := b.sets[scope.Key()]
	return append([]string{}, set.Names()...), set.Revision
}

// Events are those of a preview, of all for "", the newest first.
func (b *Book) Events(name string) []ledger.Event {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := []ledger.Event{}
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(b.events))) {
		if e := b.events[key]; name == "" || e.Preview == name {
			all = append(all, e)
		}
	}
	return all
}
