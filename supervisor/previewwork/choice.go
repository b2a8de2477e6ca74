package previewwork

import (
	"slices"
	"strings"
	"time"

	"rundock/internal/preview"
)

// choice is how hosts share previews without asking each other.
type choice struct {
	host     string
	most     int           // previews that this host has
	takeover time.Duration // that the worker of a host may be away before others take its previews
}

// turnOfHosts is how much longer than the one before a host waits that has more previews.
const turnOfHosts = 2 * time.Second

// takesRoom reports whether the host that does this for a preview has it from then on. What no host has, or a host that is
// gone, is removed or stopped by any host, however many previews that has.
func takesRoom(deed preview.Deed) bool { return deed == preview.Deploy || deed == preview.Wake }

// mine reports whether a preview, for which deed is to be done, and something since wanted, is this host's to
// work on: it has it, or no host has it, or one that is gone, and it has room where that is needed. has is how many
// previews each host has.
func (c choice) mine(s snapshot, has map[string]int, name string, deed preview.Deed, wanted, now time.Time) bool {
	switch holder := s.states[name].Host; {
	case holder == c.host:
		return true
	case holder != "" && !c.lost(s, name, now):
		return false
	}
	if takesRoom(deed) && has[c.host] >= c.most {
		return false
	}
	return now.Sub(wanted) >= time.Duration(c.before(s, has, deed))*turnOfHosts
}

// lost reports whether the host that has a preview is gone for good, as far as others know.
func (c choice) lost(s snapshot, name string, now time.Time) bool {
	holder := s.states[name].Host
	return holder != "" && holder != c.host && !s.alive(holder) && now.Sub(s.gone[holder]) >= c.takeover
}

// before is how many hosts come before this one: they have fewer previews, and room where that is needed.
func (c choice) before(s snapshot, has map[string]int, deed preview.Deed) int {
	n := 0
	for host, w := range s.workers {
		if host != c.host && (has[host] < w.Most || !takesRoom(deed)) && less(has[host], host, has[c.host], c.host) {
			n++
		}
	}
	return n
}

func less(a int, hostA string, b int, hostB string) bool {
	return a < b || a == b && strings.Compare(hostA, hostB) < 0
}

func (s snapshot) alive(host string) bool {
	_, there := s.workers[host]
	return there
}

// taken has has count a preview as this host's, which begins to do deed for it: the store says so later.
func (c choice) taken(s snapshot, has map[string]int, name string, deed preview.Deed) {
	if !takesRoom(deed) {
		return
	}
	has[s.states[name].Host]--
	has[c.host]++
}

// previews is how many each host has, by the store.
func (s snapshot) previews() map[string]int {
	has := map[string]int{}
	for _, state := range s.states {
		has[state.Host]++
	}
	return has
}

// overtaken reports whether a job that makes does of a preview is not what is to be done any more.
func overtaken(deed preview.Deed, job preview.Job, next preview.Deed, f preview.Facts) bool {
	if next == preview.Rest {
		return deed == preview.Deploy && f.Wish.Want != preview.Running
	}
	return next != deed || deed == preview.Deploy && job != f.Job()
}

// names are a snapshot's previews, sorted by when they were asked for.
func (s snapshot) names() []string {
	var all []string
	for name := range s.wishes {
		all = append(all, name)
	}
	slices.SortFunc(all, func(a, b string) int {
		if at := s.wishes[a].Asked.Compare(s.wishes[b].Asked); at != 0 {
			return at
		}
		return strings.Compare(a, b)
	})
	return all
}
