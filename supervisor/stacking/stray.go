package stacking

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// What somebody removed or disabled by hand is made again by a run that has nothing
// else to do. The release stays: the run has the waves that lead to it from what hosts
// have of it.

// strays are what hosts lack of a release by what they say of their services, and the
// release as they have it.
type strays struct {
	has   release.Release
	lines []string // for people, an instance each
}

// straysOf compares a release with what hosts say. Of one that cannot be reached, is
// drained or cannot tell its services nothing is known, and a job that has ended is
// none. A service that is masked is disabled for as long as its administrator says.
func straysOf(r release.Release, hosts map[string]*facts) (s strays) {
	told := map[string]map[string]serviceFacts{} // by host and name
	for host, f := range hosts {
		if f != nil && f.tellsServices() {
			told[host] = map[string]serviceFacts{}
			for _, service := range f.Services {
				if service.Stack == r.Model.Name {
					told[host][service.Name] = service
				}
			}
		}
	}
	s.has = r
	s.has.Slots = maps.Clone(r.Slots)
	for _, slot := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		at := r.Slots[slot]
		if at.Waiting || r.Model.Services[slot.Service].Job {
			continue
		}
		name := slot.Container(r.Model.Name)
		main, standby := stands(told, at.Host, name), stands(told, at.Standby, name)
		if main == removed || main == disabled {
			delete(s.has.Slots, slot)
			s.lines = append(s.lines, fmt.Sprintf("%s %s made again: it was %s by hand", slot, at.Host, main))
		} else if standby == removed || standby == disabled {
			at.Standby = ""
			s.has.Slots[slot] = at
			s.lines = append(s.lines, fmt.Sprintf("%s %s made again: the standby was %s by hand", slot, r.Slots[slot].Standby, standby))
		}
	}
	return s
}

// tellsServices reports whether the list of services is one, and of use.
func (f facts) tellsServices() bool {
	return f.Services != nil && f.Drained == nil && !slices.ContainsFunc(f.Unknown, func(text string) bool {
		return strings.HasPrefix(text, "host.json:") || strings.HasPrefix(text, "runit:")
	})
}

// standing is how an instance stands on a host.
type standing string

const (
	unknown  standing = ""
	enabled  standing = "enabled" // or masked
	disabled standing = "disabled"
	removed  standing = "removed"
)

func stands(told map[string]map[string]serviceFacts, host, name string) standing {
	services, tells := told[host]
	service, there := services[name]
	switch {
	case !tells:
		return unknown
	case !there:
		return removed
	case service.Enabled || service.Masked:
		return enabled
	}
	return disabled
}

// waves are the way from what hosts have to the release, without a commit, and without jobs.
func (s strays) waves(r release.Release) []release.Wave {
	all := release.Waves(&s.has, r.WithoutJobs())
	return all[:release.CommitAt(all)-1]
}

// said is what is told of them, and of those that are stopped, with the hash of what is done.
// current is the release that stays; 0: there is none.
func (s strays) said(stack string, current int, plan string, stopped []string) (lines []string, hashed string) {
	var counts []string
	for _, c := range []struct {
		of   []string
		what string
	}{{s.lines, "made again"}, {stopped, "stopped"}} {
		if len(c.of) > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", len(c.of), c.what))
		}
		lines = append(lines, c.of...)
	}
	hashed = hash(plan, lines)
	head := fmt.Sprintf("%s: release %d stays: %s", stack, current, strings.Join(counts, ", "))
	if current == 0 {
		head = fmt.Sprintf("%s: no release is current: %s", stack, strings.Join(counts, ", "))
	}
	return append(append([]string{head}, lines...), "plan="+hashed), hashed
}
