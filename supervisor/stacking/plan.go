package stacking

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/place"
	"rundock/internal/stack/release"
)

// draft is a release that could be written, and what goes with it.
type draft struct {
	release.Release
	base     *release.Release
	strays   strays   // where the release is the same as base
	returned returned // hosts stop them
	remains  bool     // of a stack that is to go, the store or its ledger of networks has something, and hosts have no release
	told     map[string]*facts
	configs  map[string][]byte
	unbuilt  []control.StackBuild // images that are to be built before
	built    map[string]string    // services whose images are built, with their digest; "": it is to be built
	refused  []string
	notes    []string
}

// draft plans the release after those of v.
func (s *site) draft(ctx context.Context, q control.StackRequest, v release.View, w wanted, k *key) (d draft, err error) {
	d = draft{base: v.Base(), configs: w.configs, notes: w.notes}
	if d.unbuilt, d.built, err = s.unbuilt(ctx, w); err != nil {
		return d, err
	}
	if d.Release, err = s.model(ctx, q, v, w, d.built, &d.notes); err != nil {
		return d, err
	}
	if err := cmp.Or(k.opens(d.base), k.opens(&d.Release)); err != nil && !q.Absent { // secrets that are to go need not be opened
		return d, err
	}
	for _, name := range sortedKeys(w.secrets) {
		if d.Secrets[name], err = release.Seal(k.data, q.Name, name, w.secrets[name]); err != nil {
			return d, err
		}
	}
	if d.Networks, err = s.networks(ctx, q, v, d.Model, network.Propose); err != nil {
		return d, err
	}
	d.Lost = slices.Sorted(slices.Values(q.Lost))
	told, err := readFacts(q.Hosts)
	if err != nil {
		return d, err
	}
	d.told = told
	if err := d.place(q, v); err != nil {
		return d, err
	}
	d.returned = returnedTo(q.Name, told, d.Lost, append(v.InUse(), d.Release))
	if d.base != nil && d.isSame() {
		d.strays = straysOf(*d.base, told)
		d.refused = append(d.refused, release.Unreached(&d.strays.has, d.base.WithoutJobs(), d.away())...)
	}
	if q.Absent && d.isSame() {
		ledger, err := network.Read(ctx, s.store)
		if err != nil {
			return d, err
		}
		d.remains = v.Has() || ledger.Has(q.Name)
	}
	d.notes = append(d.notes, slices.Concat(d.staying(q), d.unlisted(), d.takenOver())...)
	return d, nil
}

// model begins the release: what it is made of, with neither networks nor hosts.
func (s *site) model(ctx context.Context, q control.StackRequest, v release.View, w wanted, built map[string]string, notes *[]string) (r release.Release, err error) {
	if q.Back != 0 {
		old, there := v.Releases[q.Back]
		if !there || !old.WasCurrent() {
			return r, fmt.Errorf("there is no release %d of %s to go back to: rundockd stack releases %s shows those that there are", q.Back, q.Name, q.Name)
		}
		r = release.GoBack(old, v.Next(), v.Current, q.Who, s.now())
		r.Inputs = hash("back", q.Back)
		return r, nil
	}
	r = release.Release{
		Version: release.Version, Number: v.Next(), From: v.Current, State: release.Planned, Since: s.now().UTC(), Who: q.Who,
		Model: w.model, Secrets: map[string][]byte{},
	}
	var more []string
	r.Images, more = images(ctx, s.docker, w.model, built, v.Base())
	*notes = append(*notes, more...)
	r.Inputs = hash(w.model.Hash(), without(r.Images, built))
	return r, nil
}

// without are images but those that are built here, which are known by what they are made
// of: their names have that, also before they have a digest. It is never nil, so that a release
// without images has the same hash once it was stored.
func without(images, built map[string]string) map[string]string {
	others := map[string]string{}
	maps.Copy(others, images)
	maps.DeleteFunc(others, func(service, _ string) bool { _, is := built[service]; return is })
	return others
}

// planHash is the same before and after images are built.
func (d draft) planHash() string {
	r := d.Release
	r.Images, r.Slots = without(r.Images, d.built), maps.Clone(r.Slots)
	for slot, s := range r.Slots {
		if _, is := d.built[slot.Service]; is {
			s.Hash = r.SpecHash(slot.Service)
			r.Slots[slot] = s
		}
	}
	return r.PlanHash()
}

// networks are those that give gives the stack's own: network.Propose, or network.Take.
func (s *site) networks(ctx context.Context, q control.StackRequest, v release.View, m stack.Stack, give func(context.Context, registry.Store, network.Pool, stack.Stack, map[string]netip.Prefix) (map[string]network.Claim, error)) (map[string]release.Network, error) {
	p := network.DefaultPool
	if q.Pool != "" {
		var err error
		if p, err = network.ParsePool(q.Pool); err != nil {
			return nil, err
		}
	}
	preferred := map[string]netip.Prefix{}
	for key, n := range v.Releases[q.Back].Networks {
		if subnet, err := netip.ParsePrefix(n.Subnet); err == nil {
			preferred[key] = subnet
		}
	}
	claims, err := give(ctx, s.store, p, m, preferred)
	if err != nil || len(claims) == 0 {
		return nil, err
	}
	given := map[string]release.Network{}
	for key, c := range claims {
		given[key] = release.Network{Subnet: c.Subnet.String(), VNI: int(c.VNI)}
	}
	return given, nil
}

// place gives the release's slots their hosts.
func (d *draft) place(q control.StackRequest, v release.View) error {
	all := hosts(d.told, q.Name)
	previous := map[stack.Slot]stack.Place{}
	if d.base != nil {
		for slot, was := range d.base.Slots {
			previous[slot] = was.Place
		}
	}
	for _, host := range slices.Compact(slices.Clone(d.Lost)) {
		if _, known := d.told[host]; !known && hasBeenOn(v, host) {
			all = append(all, place.Host{Name: host, State: place.Unreachable})
		}
	}
	placed, err := place.Plan(d.Model, all, previous, place.Options{Strategy: place.Strategy(q.Strategy), Lost: d.Lost, Rebalance: q.Rebalance})
	if err != nil {
		return err
	}
	d.Slots = map[stack.Slot]release.Slot{}
	for _, p := range placed.Slots {
		d.Slots[p.Slot] = release.Slot{Place: p.Place, Hash: d.SpecHash(p.Service), Waiting: p.Kind == place.Waiting, Why: p.Why}
		for _, note := range p.Notes {
			d.notes = append(d.notes, fmt.Sprintf("%s: %s", p.Slot, note))
		}
	}
	for _, r := range placed.Refused {
		d.refused = append(d.refused, r.String())
	}
	if !d.isSame() { // or nothing is done, not even a job
		d.refused = append(d.refused, release.Unreached(d.base, d.Release, d.away())...)
	}
	d.refused = append(d.refused, namesakes(d.Release, d.told)...)
	d.refused = append(d.refused, overlaps(d.Release, d.told)...)
	return nil
}

// hasBeenOn reports whether a release of v has something on a host, be it one that was undone.
func hasBeenOn(v release.View, host string) bool {
	for _, r := range v.Releases {
		if r.On(host) {
			return true
		}
	}
	return false
}

// isSame reports whether the hosts have what the release has already.
func (d draft) isSame() bool {
	if d.base == nil {
		return len(d.Slots) == 0
	}
	without := func(all map[stack.Slot]release.Slot) map[stack.Slot]release.Slot {
		same := map[stack.Slot]release.Slot{} // also of nil, which none are as the store has them
		for slot, s := range all {
			s.Why = ""
			same[slot] = s
		}
		return same
	}
	return d.Model.Hash() == d.base.Model.Hash() && maps.Equal(d.Images, d.base.Images) && maps.Equal(d.Networks, d.base.Networks) &&
		reflect.DeepEqual(without(d.Slots), without(d.base.Slots))
}

// orNone is r; nil is a release of nothing.
func orNone(r *release.Release) release.Release {
	if r == nil {
		return release.Release{}
	}
	return *r
}

// answer is what is told of the draft. Its error says what is refused.
func (d draft) answer(q control.StackRequest) (a control.StackAnswer, err error) {
	hash := d.planHash()
	lines := append(release.Lines(d.base, d.Release, d.refused), "plan="+hash)
	a = control.StackAnswer{
		Release: d.Number, From: d.From, Changed: !d.isSame(), Notes: d.notes,
		Lines: slices.Insert(lines, 1, toBuild(d.unbuilt)...), Plan: hash,
		Before: listing(d.base), After: listing(&d.Release),
	}
	switch {
	case a.Changed:
		a.Notes = append(a.Notes, d.returned.lines(d.Release)...)
	case len(d.refused) > 0: // the lines say it
	default:
		a.Lines, a.Release = []string{fmt.Sprintf("%s: nothing to do", q.Name)}, d.From
		a.After = a.Before
		if len(d.strays.lines)+len(d.returned) > 0 {
			a.Changed = true
			a.Lines, a.Plan = d.strays.said(q.Name, d.From, a.Plan, d.returned.lines(orNone(d.base)))
		} else if d.remains {
			a.Changed = true
			a.Lines = []string{q.Name + ": hosts have none of it: what the store has is removed", "plan=" + a.Plan}
		}
	}
	if len(d.refused) > 0 {
		return a, fmt.Errorf("nothing is done, as not all can be: %s", strings.Join(d.refused, "; "))
	}
	return a, checkExpected(q, a.Plan)
}

// checkExpected returns an error where a run is bound to another plan.
func checkExpected(q control.StackRequest, plan string) error {
	if q.Expect == "" || q.Expect == plan {
		return nil
	}
	return fmt.Errorf("the plan is %s, and %s is expected: hosts, files or the stack have changed since that was shown", plan, q.Expect)
}

func hash(parts ...any) string {
	sum := sha256.Sum256(registry.Encode(parts))
	return hex.EncodeToString(sum[:8])
}
