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
// that one of them is not as far yet.
func (a *overlayAgent) inside(ctx context.Context, subnet netip.Prefix) (starting bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, overlayDocker)
	defer cancel()
	ends, err := a.docker.OverlayEnds(ctx, a.settings.Name, func(id string) bool { return a.answering[id].done })
	if err != nil {
		return false, err
	}
	all := map[string]answering{}
	for id, end := range ends {
		c, there := a.answering[id]
		if !there {
			c.since = time.Now()
		}
		if !c.done {
			c.done, err = overlay.Inside(end.Sandbox, a.settings.Network, subnet, end.Address)
			if err != nil {
				a.log.Warn("a container may not be reached by hosts of this network", "err", err)
			}
			starting = starting || err == nil && !c.done && time.Since(c.since) < overlayStart
		}
		all[id] = c
	}
	a.answering = all
	return starting, nil
}
