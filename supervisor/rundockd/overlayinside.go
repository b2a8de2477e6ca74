package main

import (
	"context"
	"net/netip"
	"time"

	"rundock/internal/overlay"
)

const (
	overlaySoon  = 100 * time.Millisecond // before a container that is being started is looked at again
	overlayStart = 10 * time.Second       // how long that takes; then it is looked at now and then
)

// answering is a start of a container, which answers by the network once done.
type answering struct {
	since time.Time
	done  bool
}

// inside has the network's containers answer by it, also those whose default
// route is another network's. Each start of one is seen to once; starting says
// that one of them is not as far yet. What goes wrong with one is no reason
// to hold up the others, or the network.
func (a *overlayAgent) inside(ctx context.Context, subnet netip.Prefix) (starting bool) {
	ctx, cancel := context.WithTimeout(ctx, overlayDocker)
	defer cancel()
	ends, err := a.docker.OverlayEnds(ctx, a.settings.Name, func(id string) bool { return a.answering[id].done })
	if err != nil {
		a.log.Warn("which containers are in the network is not known", "err", err)
		return true
	}
	all := map[string]answering{}
	for id, end := range ends {
		c, there := a.answering[id]
		if !there {
			c.since = time.Now()
		}
		if !c.done {
			err := end.Unanswered
			if err == nil {
				c.done, err = overlay.Inside(end.Sandbox, a.settings.Network, subnet, end.Address)
			}
			soon := time.Since(c.since) < overlayStart
			if err != nil && !soon {
				a.log.Warn("a container may not be reached by hosts of this network", "err", err)
			}
			starting = starting || !c.done && soon
		}
		all[id] = c
	}
	a.answering = all
	return starting
}
