package balancer

import (
	"reflect"
	"slices"
	"time"

	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/internal/haproxy"
)

// say writes the status where it has changed. That it cannot be written stops
// nothing.
func (b *balancer) say(n news, p proxy, decisions map[string]decision, problems []string) {
	slices.Sort(problems)
	now := control.BalanceStatus{PID: b.status.PID, HAProxy: p.info.Version, Problems: slices.Compact(problems), Store: n.store, Reloads: b.status.Reloads, Services: map[string]control.Balanced{}}
	if p.err != nil {
		now.HAProxy = ""
	}
	if !n.known && n.store == "" {
		now.Store = "it has not answered yet"
	}
	for service, d := range decisions {
		s := control.Balanced{Backend: p.routes[service].Backend, Problem: d.ack.Reason, Kept: d.kept, Since: time.Now(), Backends: map[string]control.BalanceBackend{}}
		if p.routes[service].Share > 0 {
			s.Canary = p.routes[service].Canary
		}
		if state := n.services[service].view.State; state != nil {
			s.Phase, s.Reached = string(state.Phase), string(d.ack.Reached)
		}
		for _, colour := range []string{"", cutover.Blue, cutover.Green} {
			name := haproxy.Backend(service, colour)
			if up, servers := p.backends[name].Up(), len(d.want[colour]); up+servers > 0 {
				s.Backends[name] = control.BalanceBackend{Up: up, Servers: servers, Instances: d.instances(p.backends[name], colour)}
			}
		}
		if before, ok := b.status.Services[service]; ok && before.Backend == s.Backend {
			s.Since = before.Since
		} else {
			b.log.Info("a backend has the traffic", "service", service, "backend", s.Backend, "before", before.Backend)
		}
		now.Services[service] = s
	}
	if reflect.DeepEqual(now, b.status) {
		return
	}
	b.status = now
	if err := control.WriteBalance(b.statusDir, now); err != nil {
		b.complain("the status is not written", "err", err)
	}
}

// instances are HAProxy's of a backend, and those that it is to have.
func (d decision) instances(backend haproxy.Servers, colour string) map[string]string {
	all := map[string]string{}
	for _, a := range d.want[colour] {
		all[a.String()] = noSlot
	}
	addSlots(all, backend)
	return all
}
