package ctl

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"slices"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/skydns"
)

// last warns where the store has no other instance of the service's colour.
func last(ctx context.Context, q control.Request) control.Response {
	a, err := control.ReadAnnounce(control.Dir, q.Service)
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	if len(a.Records) == 0 {
		return control.Response{}
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	store, err := open.Store(host, slog.New(slog.DiscardHandler))
	if err != nil {
		return control.Response{Error: fmt.Sprintf("%s: %v", hostconfig.Path, err)}
	}
	defer store.Close()
	key := a.Records[0].Key
	listed, _, err := store.List(ctx, path.Dir(key)+"/")
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	if hasOther(listed, key, a.Colour) {
		return control.Response{}
	}
	return control.Response{Warnings: []string{fmt.Sprintf("this host has the last instance of %s (%s), which is the active colour: nothing answers the name any more", a.Of(), a.Colour)}}
}

// hasOther reports whether listed, which is below the service's name, has an instance
// of the colour besides key: a further port, deeper down, is none.
func hasOther(listed []registry.Listed, key, colour string) bool {
	return slices.ContainsFunc(listed, func(l registry.Listed) bool {
		r, err := skydns.Parse(l.Value)
		return err == nil && l.Key != key && path.Dir(l.Key) == path.Dir(key) && r.Colour == colour
	})
}
