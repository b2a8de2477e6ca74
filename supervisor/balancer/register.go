package balancer

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/cutover"
	"rundock/internal/haproxy"
	"rundock/internal/pause"
	"rundock/internal/registry"
)

// registerEvery is how often it is made sure that the host is registered.
const registerEvery = 20 * time.Second

// keepRegistered registers the host as a load balancer of these services until
// ctx is done, and leaves it registered: one that is down is missed.
func keepRegistered(ctx context.Context, store registry.Store, host, machine string, services []haproxy.Service, log *slog.Logger) {
	var news complaint.Memory
	for ctx.Err() == nil {
		wait := registerEvery
		if err := register(ctx, store, host, machine, services); err != nil {
			wait = time.Second
			if ctx.Err() == nil && news.News(time.Now(), err.Error()) {
				log.Warn("the host is not registered as a load balancer", "err", err)
			}
		}
		pause.For(ctx, wait)
	}
}

func register(ctx context.Context, store registry.Store, host, machine string, services []haproxy.Service) error {
	want := cutover.LoadBalancer{ID: machine + "/balance"}
	for _, s := range services {
		want.Services = append(want.Services, s.Name)
	}
	slices.Sort(want.Services)
	key := cutover.LoadBalancerKey(host)
	now, err := store.Read(ctx, []string{key})
	if err != nil {
		return err
	}
	var old []byte
	if now[0].Exists {
		if old = now[0].Value; bytes.Equal(old, cutover.JSON(want)) {
			return nil
		}
		if now[0].ID != want.ID {
			return fmt.Errorf("%s is of %s: another machine has this host's name, or had it; rundockd balance leave takes it away", key, now[0].ID)
		}
	}
	_, err = store.Swap(ctx, registry.Swap{Key: key, Old: old, New: cutover.JSON(want)})
	return err
}

// leave takes the host off the load balancers.
func leave(ctx context.Context, store registry.Store, host string) (was bool, err error) {
	key := cutover.LoadBalancerKey(host)
	now, err := store.Read(ctx, []string{key})
	if err != nil || !now[0].Exists {
		return false, err
	}
	swapped, err := store.Swap(ctx, registry.Swap{Key: key, Old: now[0].Value})
	if err == nil && !swapped {
		err = fmt.Errorf("%s was changed meanwhile: does rundockd balance still run?", key)
	}
	return true, err
}
