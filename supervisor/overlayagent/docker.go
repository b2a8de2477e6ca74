package overlayagent

import (
	"cmp"
	"context"
	"log/slog"
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

// dockerSync keeps Docker's part of the network: its network on the bridge, and
// the route of each container that is in it.
type dockerSync struct {
	log     *slog.Logger
	client  *container.Client
	network overlay.Network
	due     chan struct{}   // holds one token when Docker's part is to be looked at
	parts   chan dockerPart // as it was found
	late    string          // why Docker's network is made anew later

	bridge  func() (subnet netip.Prefix, mtu int, inSync bool) // what Docker builds on
	touched func()                                             // Docker may have touched the bridge
	healed  func()                                             // the route of a container was put back
}

// run puts Docker right whenever there is a token for it, until ctx is done. It
// has a goroutine of its own, as a dockerd that hangs is to hold up nothing
// else; one that is away is no reason to look at the kernel again.
func (d *dockerSync) run(ctx context.Context) {
	var again <-chan time.Time
	var known map[string]answering
	due := d.due
	for {
		select {
		case <-ctx.Done():
			return
		case <-due:
		case <-again:
		}
		again, due = nil, d.due
		subnet, mtu, inSync := d.bridge()
		if !inSync {
			continue // what Docker builds on is not there; an audit is to come
		}
		ends, err := d.ensureNetwork(ctx, subnet, mtu)
		starting := false
		if err == nil {
			known, starting = d.routeContainers(ctx, subnet, ends, known)
		}
		switch {
		case err != nil:
			again, due = time.After(retryPause), nil // what the try touched would be a token for the next, at once
		case starting:
			again = time.After(startingPause)
		}
		if ctx.Err() != nil {
			return // which is all that went wrong
		}
		select {
		case <-ctx.Done():
		case d.parts <- dockerPart{subnet, err}:
		}
	}
}

// ensureNetwork makes Docker's network, and returns which containers are in it.
func (d *dockerSync) ensureNetwork(ctx context.Context, subnet netip.Prefix, mtu int) ([]container.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	done, err := d.client.EnsureOverlay(ctx, container.Overlay{
		Name: d.network.Name, Bridge: d.network.Bridge(), Subnet: subnet, Gateway: overlay.Gateway(subnet), MTU: mtu,
	})
	if done.Changed {
		d.log.Info("made the docker network", "subnet", subnet)
	}
	if done.Tried {
		d.touched()
	}
	if len(done.Moved) > 0 {
		d.log.Warn("containers have other addresses, as the subnet of this host is another", "containers", strings.Join(done.Moved, ", "), "subnet", subnet)
	}
	if done.Deferred != d.late {
		d.late = done.Deferred
		d.log.Info("the docker network is made anew once no container is attached", "reason", cmp.Or(done.Deferred, "none any more"))
	}
	return done.Endpoints, err
}

// answering is a start of a container, which answers by the network once done.
type answering struct {
	since   time.Time
	done    bool
	sandbox string // its network namespace, once dockerd has told it
}

// routeContainers has the network's containers answer by it, also those whose default
// route is another network's, which one of them can join at any time. Of each
// start of one dockerd is asked once, and then it is seen to that it stays so;
// starting says that one of them is not as far yet. What goes wrong with one is no reason to hold
// up the others, or the network.
func (d *dockerSync) routeContainers(ctx context.Context, subnet netip.Prefix, ends []container.Endpoint, known map[string]answering) (now map[string]answering, starting bool) {
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
			c.sandbox, err = d.client.Sandbox(ctx, end)
			if err == nil && c.sandbox == "" {
				continue
			}
		}
		if err == nil {
			var answers, changed bool
			answers, changed, err = kernel.EnsureContainerRoute(c.sandbox, d.network, subnet, end.Address)
			if changed && c.done {
				d.healed()
				d.log.Warn("put right what was changed in a container", "container", end.Name, "address", end.Address)
			}
			c.done = c.done || answers
		}
		soon := time.Since(c.since) < startingTime
		if err != nil && !soon {
			d.log.Warn("a container may not be reached by hosts of this network", "err", err)
		}
		starting = starting || !c.done && soon
		now[end.ID] = c
	}
	return now, starting
}
