package overlayagent

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

const (
	dockerTimeout = 5 * time.Second        // for an answer of dockerd
	startingPause = 100 * time.Millisecond // before a container that is being started is looked at again
	startingTime  = 10 * time.Second       // how long that takes; then it is looked at now and then
)

// dockerPart is Docker's part of the network, as it was last found.
type dockerPart struct {
	subnet  netip.Prefix // what it was to have then
	missing error        // why Docker has no part in it
}

// takePart puts Docker right whenever there is a token for it, until ctx is
// done. It has a goroutine of its own, as a dockerd that hangs is to hold up
// nothing else; one that is away is no reason to look at the kernel again.
func (a *agent) takePart(ctx context.Context) {
	var again <-chan time.Time
	var known map[string]answering
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.attach:
		case <-again:
		}
		again = nil
		a.mu.Lock()
		subnet, mtu, right := a.wanted.Subnet(), a.wanted.State().Bridge.MTU, a.right
		a.mu.Unlock()
		if !right {
			continue // what Docker builds on is not there; an audit is to come
		}
		ends, err := a.network(ctx, subnet, mtu)
		starting := false
		if err == nil {
			known, starting = a.inside(ctx, subnet, ends, known)
		}
		switch {
		case err != nil:
			again = time.After(retryPause)
		case starting:
			again = time.After(startingPause)
		}
		if ctx.Err() != nil {
			return // which is all that went wrong
		}
		select {
		case <-ctx.Done():
		case a.parts <- dockerPart{subnet, err}:
		}
	}
}

// network makes Docker's part, and returns which containers are in it.
func (a *agent) network(ctx context.Context, subnet netip.Prefix, mtu int) ([]container.End, error) {
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	done, err := a.docker.EnsureOverlay(ctx, container.Overlay{
		Name: a.Settings.Name, Bridge: a.Settings.Bridge(), Subnet: subnet, Gateway: overlay.Gateway(subnet), MTU: mtu,
	})
	if done.Changed {
		a.log.Info("made the docker network", "subnet", subnet)
		poke(a.wake) // Docker may have touched the bridge
	}
	if len(done.Moved) > 0 {
		a.log.Warn("containers have other addresses, as the subnet of this host is another", "containers", strings.Join(done.Moved, ", "), "subnet", subnet)
	}
	if done.Late != a.late {
		a.late = done.Late
		a.log.Info("the docker network is made anew once no container is attached", "reason", cmp.Or(done.Late, "none any more"))
	}
	return done.Ends, err
}

// answering is a start of a container, which answers by the network once done.
type answering struct {
	since   time.Time
	done    bool
	sandbox string // its network namespace, once dockerd has told it
}

// inside has the network's containers answer by it, also those whose default
// route is another network's, which one of them can join at any time. Of each
// start of one dockerd is asked once, and then it is seen to that it stays so;
// starting says that one of them is not as far yet. What goes wrong with one is no reason to hold
// up the others, or the network.
func (a *agent) inside(ctx context.Context, subnet netip.Prefix, ends []container.End, known map[string]answering) (now map[string]answering, starting bool) {
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	now = make(map[string]answering, len(ends))
	for _, end := range ends {
		c, there := known[end.ID]
		if !there {
			c.since = time.Now()
		}
		var err error
		if !c.done {
			c.sandbox, err = a.docker.Sandbox(ctx, end)
			if err == nil && c.sandbox == "" {
				continue
			}
		}
		if err == nil {
			var answers, changed bool
			answers, changed, err = kernel.EnsureContainerRoute(c.sandbox, a.Settings.Network, subnet, end.Address)
			if changed && c.done {
				a.healedInside(end)
			}
			c.done = c.done || answers
		}
		soon := time.Since(c.since) < startingTime
		if err != nil && !soon {
			a.log.Warn("a container may not be reached by hosts of this network", "err", err)
		}
		starting = starting || !c.done && soon
		now[end.ID] = c
	}
	return now, starting
}

// healedInside counts the route of a container that was put back.
func (a *agent) healedInside(end container.End) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	a.healed++
	a.changed = time.Now()
	a.log.Warn("put right what was changed in a container", "container", end.Name, "address", end.Address)
}
