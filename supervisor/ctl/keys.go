package ctl

import (
	"context"
	"fmt"
	"log/slog"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
)

// keyed reads or writes a key of a store. The store bounds how long that takes.
func keyed(q control.Request) control.Response {
	answer, err := keyedBy(q)
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	return answer
}

func keyedBy(q control.Request) (answer control.Response, err error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return answer, err
	}
	store, err := open.Named(q.Store, host, slog.New(slog.DiscardHandler))
	if err != nil {
		return answer, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	ctx := context.Background()
	if q.Op == control.Swap {
		answer.Swapped, err = store.Swap(ctx, swapOf(q))
		return answer, err
	}
	found, err := store.Read(ctx, []string{q.Key})
	if err != nil {
		return answer, err
	}
	answer.Key = &control.Key{Exists: found[0].Exists, Value: found[0].Value, ID: found[0].ID, Lease: found[0].Lease}
	return answer, nil
}

// swapOf tells what is empty from what is not there, which JSON does not.
func swapOf(q control.Request) registry.Swap {
	s := registry.Swap{Key: q.Key}
	if q.Exists {
		s.Old = append([]byte{}, q.Old...)
	}
	if !q.Delete {
		s.New = append([]byte{}, q.New...)
	}
	return s
}
