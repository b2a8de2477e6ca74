package sidecar

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/announce"
	"rundock/internal/cutover"
	"rundock/internal/pause"
	"rundock/internal/registry"
)

// releaseAtMost is how long load balancers are given to take an instance out of rotation whose
// records were withdrawn: they hear of it within milliseconds, and one that hangs must stop no service.
const releaseAtMost = 5 * time.Second

// rotation is what load balancers say of an instance, which the store has.
type rotation struct {
	store   registry.Store
	service string
	colour  string
	at      []string // address and port of each of its records
	log     *slog.Logger
}

// places are where an instance's requests go.
func places(cfg announce.Config) (at []string) {
	for _, p := range cfg.Ports {
		at = append(at, netip.AddrPortFrom(p.Address, uint16(p.Port)).String())
	}
	return at
}

// released returns when no load balancer has the instance in rotation any more, so that none
// sends a request to a container that is being stopped. It does not wait for one that says
// nothing, nor where the store cannot be asked, nor longer than releaseAtMost.
func (r rotation) released(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, releaseAtMost)
	defer cancel()
	for {
		by, err := r.by(ctx)
		switch {
		case ctx.Err() != nil:
			r.log.Warn("stopping although a load balancer may still send requests", "after", releaseAtMost, "balancer", by)
			return
		case err != nil:
			r.log.Warn("stopping without knowing whether a load balancer still sends requests", "err", err)
			return
		case by == "":
			return
		}
		pause.For(ctx, 20*time.Millisecond)
	}
}

// by is the host of a load balancer that has the instance in rotation, "" if there is none.
func (r rotation) by(ctx context.Context) (string, error) {
	keys, _, err := r.store.List(ctx, cutover.AcksPrefix(r.service))
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if ack, err := cutover.ParseAck(k.Value); err == nil && inRotation(ack, r.colour, r.at) {
			return strings.TrimPrefix(k.Key, cutover.AcksPrefix(r.service)), nil
		}
	}
	return "", nil
}

// inRotation says whether a load balancer gives requests to an instance. The last instance of a
// service stays there, with nobody to take its requests, though no record is left: that is not waited for.
func inRotation(ack cutover.Ack, colour string, at []string) bool {
	return ack.Counters[colour].Servers > 0 && slices.ContainsFunc(at, func(place string) bool { return ack.Servers[place] == "UP" })
}
