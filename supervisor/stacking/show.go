package stacking

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
	"rundock/supervisor/report"
)

// asked is what people ask for.
type asked struct {
	verb     string
	stack    string
	releases []int
}

// answer is what is printed: a document, or the same as text for people.
func (a asked) answer(ctx context.Context, store registry.Store) (document any, text string, err error) {
	if a.verb == "list" {
		return list(ctx, store)
	}
	v, err := release.Load(ctx, store, a.stack)
	if err != nil {
		return nil, "", err
	}
	for _, key := range sortedKeys(v.Faults) {
		fmt.Fprintln(os.Stderr, "cannot be read:", v.Faults[key])
	}
	if len(v.Releases) == 0 && v.Lock == nil {
		return nil, "", fmt.Errorf("stack %s: %w", a.stack, errNone)
	}
	switch a.verb {
	case "releases":
		return summaries(v), releasesText(v), nil
	case "history":
		return summaries(v), historyText(v), nil
	case "diff":
		return a.diff(v)
	}
	r, err := a.pick(v, len(a.releases)-1)
	if err != nil {
		return nil, "", err
	}
	return shown(r), showText(r), nil
}

// pick is the i-th release that was named, or else the current one.
func (a asked) pick(v release.View, i int) (r release.Release, err error) {
	number := v.Current
	if i >= 0 {
		number = a.releases[i]
	}
	r, there := v.Releases[number]
	switch {
	case number == 0:
		return r, fmt.Errorf("stack %s has no current release: %w", v.Stack, errNone)
	case !there:
		return r, fmt.Errorf("release %d of %s: %w", number, v.Stack, errNone)
	}
	return r, nil
}

// diff is what one release changes of another.
func (a asked) diff(v release.View) (document any, text string, err error) {
	to, err := a.pick(v, len(a.releases)-1)
	if err != nil {
		return nil, "", err
	}
	from := previous(v, to)
	if len(a.releases) == 2 {
		r, err := a.pick(v, 0)
		if err != nil {
			return nil, "", err
		}
		from = &r
	}
	lines := release.Lines(from, to, nil)
	type change struct {
		Slot string `json:"slot"`
		Kind string `json:"kind"`
		From string `json:"from"`
		To   string `json:"to"`
		Why  string `json:"why"`
	}
	all := []change{}
	for _, c := range release.Diff(from, to) {
		all = append(all, change{c.Slot.String(), string(c.Kind), c.From, c.To, c.Why})
	}
	number := 0
	if from != nil {
		number = from.Number
	}
	return map[string]any{"version": report.Version, "stack": v.Stack, "from": number, "to": to.Number, "changes": all}, strings.Join(lines, "\n") + "\n", nil
}

// summary is a release in a list.
type summary struct {
	Release int       `json:"release"`
	From    int       `json:"from"` // 0: none was current
	State   string    `json:"state"`
	Since   time.Time `json:"since"`
	Who     string    `json:"who"`
	Why     string    `json:"why"` // of failed and undone
	Slots   int       `json:"slots"`
	Hosts   []string  `json:"hosts"`
}

func summaryOf(r release.Release) summary {
	hosts := []string{}
	for _, s := range r.Slots {
		hosts = append(hosts, s.Host)
	}
	slices.Sort(hosts)
	return summary{r.Number, r.From, string(r.State), r.Since, r.Who, r.Why, len(r.Slots), slices.Compact(hosts)}
}

// summaries are all releases, the newest first, and who works on the stack.
func summaries(v release.View) map[string]any {
	all := []summary{}
	for _, number := range slices.Backward(sortedKeys(v.Releases)) {
		all = append(all, summaryOf(v.Releases[number]))
	}
	return map[string]any{"version": report.Version, "stack": v.Stack, "current": v.Current, "releases": all, "lock": v.Lock}
}

// lockText says who works on the stack.
func lockText(v release.View) string {
	if v.Lock == nil {
		return ""
	}
	return fmt.Sprintf("%s is being worked on by %s\n", v.Stack, v.Lock)
}

func releasesText(v release.View) string {
	rows := [][]string{{"RELEASE", "STATE", "SINCE", "WHO", "INSTANCES", "HOSTS"}}
	for _, number := range slices.Backward(sortedKeys(v.Releases)) {
		s := summaryOf(v.Releases[number])
		rows = append(rows, []string{fmt.Sprint(s.Release), s.State, report.Stamp(s.Since), cmp.Or(s.Who, "-"), fmt.Sprint(s.Slots), strings.Join(s.Hosts, ",")})
	}
	return report.Table(rows) + lockText(v)
}

func historyText(v release.View) string {
	var b strings.Builder
	for _, number := range slices.Backward(sortedKeys(v.Releases)) {
		r := v.Releases[number]
		fmt.Fprintf(&b, "%s  release %d", report.Stamp(r.Since), r.Number)
		if r.From != 0 {
			fmt.Fprintf(&b, " from %d", r.From)
		}
		fmt.Fprintf(&b, " is %s", r.State)
		if r.Who != "" {
			fmt.Fprintf(&b, ", by %s", r.Who)
		}
		if r.Why != "" {
			fmt.Fprintf(&b, ": %s", report.OneLine(r.Why))
		}
		b.WriteString("\n")
	}
	return b.String() + lockText(v)
}

// shown is a release as a document: what it is made of but for values of variables
// and secrets.
func shown(r release.Release) map[string]any {
	type slot struct {
		Slot    string `json:"slot"`
		Service string `json:"service"`
		Host    string `json:"host"`
		Standby string `json:"standby"`
		Image   string `json:"image"`
		Waiting bool   `json:"waiting"`
		Why     string `json:"why"`
	}
	all := []slot{}
	for _, s := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		at := r.Slots[s]
		all = append(all, slot{s.String(), s.Service, at.Host, at.Standby, r.Image(s.Service), at.Waiting, at.Why})
	}
	configs := map[string]string{}
	for name, file := range r.Model.Configs {
		configs[name] = file.Hash
	}
	return map[string]any{
		"version": report.Version, "stack": r.Model.Name, "release": summaryOf(r), "slots": all, "networks": r.Networks, "configs": configs,
		"secrets": sortedKeys(r.Model.Secrets),
	}
}

func showText(r release.Release) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: release %d is %s since %s", r.Model.Name, r.Number, r.State, report.Stamp(r.Since))
	if r.Who != "" {
		fmt.Fprintf(&b, ", by %s", r.Who)
	}
	b.WriteString("\n\n")
	rows := [][]string{{"INSTANCE", "HOST", "IMAGE", "WHY THERE"}}
	for _, s := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		at := r.Slots[s]
		host := at.Host
		if at.Standby != "" {
			host += ", standby " + at.Standby
		}
		rows = append(rows, []string{s.String(), host, r.Image(s.Service), at.Why})
	}
	b.WriteString(report.Table(rows))
	for _, key := range sortedKeys(r.Networks) {
		fmt.Fprintf(&b, "network %s: %s, VNI %d\n", r.Model.Networks[key].Name, r.Networks[key].Subnet, r.Networks[key].VNI)
	}
	return b.String()
}

// list is all stacks.
func list(ctx context.Context, store registry.Store) (document any, text string, err error) {
	listed, _, err := store.List(ctx, release.Prefix)
	if err != nil {
		return nil, "", fmt.Errorf("stacks: %w", err)
	}
	names := []string{}
	for _, l := range listed {
		name, _, _ := strings.Cut(strings.TrimPrefix(l.Key, release.Prefix), "/")
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		text += name + "\n"
	}
	return map[string]any{"version": report.Version, "stacks": names}, text, nil
}
