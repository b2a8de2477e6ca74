package build

import (
	"context"
	"errors"
	"regexp"
	"time"

	"rundock/internal/container"
)

// layerLine is what the builder says of a step's image: that it made it, or had it already. What a step prints may
// look the same.
var layerLine = regexp.MustCompile(`^ ---> ([0-9a-f]{12})\n?$`)

// namedLayers collects the images that the builder names.
type namedLayers map[string]bool // by the beginning of their ids

func (n namedLayers) hear(said string) {
	if m := layerLine.FindStringSubmatch(said); m != nil {
		n[m[1]] = true
	}
}

// dropLayers removes the images of steps of a build that came to nothing: those that the builder named and made since,
// and what it made of these without having named it yet. One with a name, of which another image is made, or by
// which a container runs, stays.
func (b Builder) dropLayers(ctx context.Context, named namedLayers, since time.Time) error {
	if len(named) == 0 {
		return nil
	}
	all, err := b.Docker.Layers(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for _, id := range leftLayers(all, named, since) {
		wrong = append(wrong, b.Docker.RemoveLayer(ctx, id))
	}
	return errors.Join(wrong...)
}

// leftLayers are the ids of what dropLayers removes, children first.
func leftLayers(all []container.Layer, named namedLayers, since time.Time) (ids []string) {
	since = since.Truncate(time.Second) // as precise as their times are
	ours := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, one := range all {
			if !ours[one.ID] && !one.Named && !one.Created.Before(since) && (named[one.Short()] || ours[one.Parent]) {
				ours[one.ID], grown = true, true
			}
		}
	}
	children := map[string]int{}
	for _, one := range all {
		children[one.Parent]++
	}
	for found := true; found; {
		found = false
		for _, one := range all {
			if ours[one.ID] && children[one.ID] == 0 {
				ids, found = append(ids, one.ID), true
				delete(ours, one.ID)
				children[one.Parent]--
			}
		}
	}
	return ids
}
