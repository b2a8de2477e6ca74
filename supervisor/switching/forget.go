package switching

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rundock/internal/cutover"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
)

// errNothing is that there is nothing to forget.
var errNothing = errors.New("there is nothing to forget")

// forget takes the state and the history of a service away that has no colour any
// more, or with balancer that a host is a load balancer: one that is gone for good.
// It returns what it did.
func forget(ctx context.Context, store registry.Store, host hostconfig.Config, service, balancer string) (string, error) {
	v, found, err := lookUp(ctx, store, host, service)
	if err != nil {
		return "", err
	}
	if balancer != "" {
		return forgetBalancer(ctx, store, v, balancer)
	}
	if instances := slices.Concat(ofColour(found, cutover.Blue), ofColour(found, cutover.Green)); len(instances) > 0 {
		return "", fmt.Errorf("%s has instances of a colour, such as %s: remove them first (state=absent with name and colour)", service, instances[0].Name)
	}
	switch {
	case v.Lock != nil:
		return "", errors.New(heldBy(service, *v.Lock))
	case v.State == nil:
		return "", fmt.Errorf("service %s has no colour: %w", service, errNothing)
	}
	if err := remove(ctx, store, cutover.Key(service), v.Raw); err != nil {
		return "", err
	}
	listed, _, err := store.List(ctx, cutover.HistoryPrefix(service))
	for _, l := range listed {
		err = errors.Join(err, remove(ctx, store, l.Key, l.Value))
	}
	return fmt.Sprintf("The colours of %s are forgotten: the next that is announced is active.", service), err
}

func forgetBalancer(ctx context.Context, store registry.Store, v cutover.View, host string) (string, error) {
	if !slices.Contains(v.LoadBalancers, host) {
		return "", fmt.Errorf("%s is no load balancer of %s, those are: %s: %w", host, v.Service, strings.Join(v.LoadBalancers, ", "), errNothing)
	}
	if _, alive := v.Acks[host]; alive {
		return "", fmt.Errorf("load balancer %s is not down: there, after leading traffic elsewhere: rundockd balance leave", host)
	}
	key := cutover.LoadBalancerKey(host)
	now, err := store.Read(ctx, []string{key})
	if err == nil {
		err = remove(ctx, store, key, now[0].Value)
	}
	return fmt.Sprintf("%s is no load balancer any more, for any service: no switch waits for it.", host), err
}

// remove takes a key away that has a value.
func remove(ctx context.Context, store registry.Store, key string, value []byte) error {
	done, err := store.Swap(ctx, registry.Swap{Key: key, Old: value})
	if err == nil && !done {
		err = fmt.Errorf("%s has just changed: try again", key)
	}
	return err
}
