package switching

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

// standing is how a service's switch stands, for --json.
type standing struct {
	Version   int                    `json:"version"`
	Service   string                 `json:"service"`
	Host      string                 `json:"host"` // that says so
	State     *cutover.State         `json:"state,omitempty"`
	Lock      *cutover.Lock          `json:"lock,omitempty"`
	Balanced  []string               `json:"load_balancers"`
	Acks      map[string]cutover.Ack `json:"acks"`
	Instances map[string]int         `json:"instances"` // announced, by colour
	Hosts     map[string][]string    `json:"hosts"`     // that announce them
}

// show tells how a service's switch stands.
func show(ctx context.Context, store registry.Store, host hostconfig.Config, service string, asJSON bool) int {
	v, found, err := lookUp(ctx, store, host, service)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd switch:", err)
		return report.ExitUnknown
	}
	if v.State == nil && len(found) == 0 {
		fmt.Fprintf(os.Stderr, "rundockd switch: service %s: there is none of this name: it has neither records nor a colour\n", service)
		return report.ExitNone
	}
	code := report.ExitWell
	if v.State == nil || v.State.Phase != cutover.Settled || v.Down() != "" {
		code = report.ExitWrong
	}
	if asJSON {
		return report.PrintJSON(standing{report.Version, service, host.Host, v.State, v.Lock, append([]string{}, v.LoadBalancers...), v.Acks, counted(found), hosts(found)}, code)
	}
	fmt.Print(told(v, found, time.Now()))
	return code
}

func counted(found map[string]skydns.Record) map[string]int {
	count := map[string]int{}
	for _, r := range found {
		count[cmp.Or(r.Colour, "none")]++
	}
	return count
}

// hosts are those of instances, by colour, sorted.
func hosts(found map[string]skydns.Record) map[string][]string {
	all := map[string][]string{}
	for _, instance := range slices.Sorted(maps.Keys(found)) {
		colour := found[instance].Colour
		all[cmp.Or(colour, "none")] = append(all[cmp.Or(colour, "none")], strings.TrimSuffix(instance, "-"+colour))
	}
	return all
}

// told is how the switch stands, for people.
func told(v cutover.View, found map[string]skydns.Record, now time.Time) string {
	if v.State == nil {
		return fmt.Sprintf("%s has no colour: it cannot be switched.\n", v.Service)
	}
	var b strings.Builder
	s, count := *v.State, counted(found)
	fmt.Fprintf(&b, "%s: %s has the traffic, for %s; announced: %d blue, %d green\n", v.Service, s.Active, report.Age(now, s.Since), count[cutover.Blue], count[cutover.Green])
	switch {
	case s.Phase == cutover.Settled && s.Why != "":
		fmt.Fprintf(&b, "the last attempt went back: %s\n", s.Why)
	case s.Phase != cutover.Settled && v.Lock != nil:
		fmt.Fprintf(&b, "%s is giving it to %s: phase %s\n", v.Lock.Who, s.To, s.Phase)
	case s.Phase != cutover.Settled:
		fmt.Fprintf(&b, "an attempt of %s to give it to %s stands in phase %s, and nobody leads it: load balancers bring it to an end\n", s.Who, s.To, s.Phase)
	}
	if len(v.LoadBalancers) == 0 {
		b.WriteString("no load balancer is registered for it\n")
		return b.String()
	}
	rows := [][]string{{"LOAD BALANCER", "REACHED", "SENDS TO", "BLUE UP", "GREEN UP", "NOTE"}}
	for _, host := range v.LoadBalancers {
		a, ok := v.Acks[host]
		if !ok {
			rows = append(rows, []string{host, "down", "-", "-", "-", "it acknowledges nothing"})
			continue
		}
		up := func(colour string) string {
			c := a.Counters[colour]
			return fmt.Sprintf("%d/%d", c.Up, c.Servers)
		}
		rows = append(rows, []string{host, string(a.Reached), report.Cell(a.Colour), up(cutover.Blue), up(cutover.Green), a.Reason})
	}
	b.WriteString(report.Table(rows))
	return b.String()
}
