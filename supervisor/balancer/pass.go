package balancer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/haproxy"
)

// pass brings HAProxy a step nearer to what settings and store say, and returns
// after how long it is to be looked at again.
func (b *balancer) pass(ctx context.Context) (again time.Duration) {
	n, p := b.world.look(b.settings.Services), b.observe()
	decisions, routes := map[string]decision{}, map[string]haproxy.Route{}
	for _, s := range b.settings.Services {
		d := decide(b.situation(s, n, p))
		b.remember(s.Name, n.services[s.Name].view.State, d)
		decisions[s.Name], routes[s.Name] = d, d.route
	}
	// The maps' files come first: what HAProxy is told is gone when it is started anew.
	placed := placeMaps(b.site, routes)
	// A configuration that cannot be placed is no reason to leave HAProxy alone: it
	// goes on with the one it has.
	stale, err := b.placeTopology(ctx, n, p)
	err = errors.Join(placed, p.err, err)
	did := 0
	var problems []string
	if placed == nil && p.err == nil {
		b.certify()
		var failed error
		did, problems, failed = b.lead(p, decisions, routes)
		err = errors.Join(err, failed)
	}
	if err != nil {
		problems = append(problems, strings.Split(err.Error(), "\n")...)
		b.complain("HAProxy is not as it should be", "err", err)
	}
	b.tell(ctx, n, decisions)
	b.say(n, p, decisions, slices.Concat(problems, n.faults, b.uncertified))
	if did > 0 && placed == nil && p.err == nil {
		b.stirred = time.Now()
		return 0
	}
	waits := stale || err != nil || b.waits(p, decisions)
	if p.err == nil && (!waits || time.Since(b.placed) > slotsEvery) {
		b.placeSlots(ctx, p)
	}
	if waits && time.Since(b.stirred) < eagerFor {
		return eager
	}
	return calm
}

// situation is that of a service.
func (b *balancer) situation(s haproxy.Service, n news, p proxy) situation {
	in := situation{
		service: s, known: n.known, refilling: n.refilling, news: n.services[s.Name], seen: p.err == nil,
		have: map[string]haproxy.Servers{}, route: p.routes[s.Name], elder: len(p.elders) > 0,
	}
	for _, colour := range []string{"", cutover.Blue, cutover.Green} {
		in.have[colour] = p.backends[haproxy.Backend(s.Name, colour)]
	}
	if f, ok := b.flips[s.Name]; ok && in.news.view.State != nil && f.attempt == in.news.view.State.Attempt {
		in.empty, in.flipped = f.empty, time.Since(f.at)
	}
	return in
}

// remember notes when the traffic of an attempt moved.
func (b *balancer) remember(service string, state *cutover.State, d decision) {
	if state == nil || state.Phase != cutover.Flip {
		delete(b.flips, service)
		return
	}
	f := b.flips[service]
	if f.attempt != state.Attempt || d.ack.Colour != state.To {
		f = flip{attempt: state.Attempt, at: time.Now()}
	}
	f.empty = d.empty
	b.flips[service] = f
}

// placeTopology writes the configuration where its file is of another topology,
// and has HAProxy read it where it runs with another one. stale says that it
// still does.
func (b *balancer) placeTopology(ctx context.Context, n news, p proxy) (stale bool, err error) {
	have, err := os.ReadFile(b.site.Config())
	if err != nil || !bytes.Contains(have, []byte("\n    description "+b.topology+"\n")) {
		if _, err := placeConfig(ctx, b.site, b.config(p)); err != nil {
			return false, err
		}
		b.log.Info("HAProxy's configuration was written", "file", b.site.Config(), "topology", b.topology)
	}
	if p.err != nil || p.info.Description == b.topology {
		return false, nil
	}
	if !n.known && time.Since(b.started) < storePatience {
		return true, nil // there may be a switch
	}
	for service, s := range n.services {
		if _, has := p.backends[service]; has && s.view.State != nil && s.view.State.Phase != cutover.Settled {
			// Processes of before a reload would not see the map change.
			return true, fmt.Errorf("the reload of HAProxy waits for the end of the switch of %s", service)
		}
	}
	if time.Since(b.reloaded) < reloadAgain {
		return true, nil
	}
	// It starts with the slots as they are now.
	if _, err := placeConfig(ctx, b.site, b.config(p)); err != nil {
		return true, err
	}
	if err := b.reload(); err != nil {
		return true, fmt.Errorf("reload HAProxy: %w", err)
	}
	b.reloaded = time.Now()
	b.status.Reloads++
	b.log.Info("HAProxy was told to reload", "topology", b.topology, "before", p.info.Description)
	return true, nil
}

// placeSlots keeps the slots in the configuration's file as HAProxy has them.
func (b *balancer) placeSlots(ctx context.Context, p proxy) {
	if b.placed = time.Now(); p.info.Description != b.topology {
		return
	}
	if _, err := placeConfig(ctx, b.site, b.config(p)); err != nil && ctx.Err() == nil {
		b.complain("HAProxy's configuration is not as HAProxy is", "err", err)
	}
}

func (b *balancer) config(p proxy) []byte {
	slots := map[string][]haproxy.Slot{}
	for name, backend := range p.backends {
		slots[name] = backend.Slots
	}
	return haproxy.Config(b.settings, b.site, slots)
}

// lead gives HAProxy the commands that follow from the decisions, and returns how
// many.
func (b *balancer) lead(p proxy, decisions map[string]decision, routes map[string]haproxy.Route) (did int, problems []string, err error) {
	commands := haproxy.MapCommands(b.site, p.loaded, routes)
	for _, s := range b.settings.Services {
		d := decisions[s.Name]
		for colour, want := range d.want {
			name := haproxy.Backend(s.Name, colour)
			backend, ok := p.backends[name]
			if !ok {
				continue // HAProxy will have it when it has reloaded
			}
			more, full := haproxy.Plan(name, backend.Slots, want)
			if commands = append(commands, more...); full != "" {
				problems = append(problems, name+": "+full)
			}
		}
		if d.shutDown != "" {
			for _, slot := range p.backends[d.shutDown].Slots {
				if slot.Sessions > 0 {
					commands = append(commands, fmt.Sprintf("shutdown sessions server %s/%s", d.shutDown, slot.Name))
				}
			}
			for _, pid := range p.elders {
				syscall.Kill(pid, syscall.SIGTERM)
			}
		}
	}
	return len(commands), problems, haproxy.Socket(b.site.Socket).Do(commands)
}

// certify has HAProxy use what its certificates' files have now.
func (b *balancer) certify() {
	if time.Since(b.certified) < certificatesEvery {
		return
	}
	b.certified, b.uncertified = time.Now(), nil
	for _, path := range b.settings.CertificateFiles() {
		renewed, err := haproxy.Socket(b.site.Socket).RenewCertificate(path)
		switch {
		case err != nil:
			b.uncertified = append(b.uncertified, err.Error())
			b.complain("a certificate is not renewed", "file", path, "err", err)
		case renewed:
			b.log.Info("a certificate was renewed", "file", path)
		}
	}
}

// tell tells the store how each service stands, and takes care of attempts that
// nobody leads.
func (b *balancer) tell(ctx context.Context, n news, decisions map[string]decision) {
	if !n.known {
		return
	}
	for service, d := range decisions {
		view := n.services[service].view
		counting := view.State != nil && (view.State.Phase == cutover.Canary || view.State.Phase == cutover.Flip)
		b.acks.tell(ctx, service, d.ack, counting)
		b.adoptOrphan(ctx, view)
	}
}

// waits reports whether something is waited for.
func (b *balancer) waits(p proxy, decisions map[string]decision) bool {
	for service, d := range decisions {
		if d.ack.Reason != "" || d.ack.Reached != cutover.Serving {
			return true
		}
		for colour, want := range d.want {
			b := p.backends[haproxy.Backend(service, colour)]
			if b.Up() < len(want) {
				return true
			}
			for _, slot := range b.Slots {
				if slot.Status != "UP" && slot.Status != "MAINT" {
					return true
				}
			}
		}
	}
	return false
}
