package sidecar

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/registry"
)

// colourTry is how often a State that is to be written is tried again.
const colourTry = time.Second

// colours follows which colour of a service is active.
type colours struct {
	store   registry.Store
	service string
	own     string
	on      func(active string)
	log     *slog.Logger

	active string // as of the last State; "": none was seen
}

// follow tells on each change until ctx is done. Where there is no State it writes
// one: with its own colour where it never saw one, as the first colour that comes
// is the active one; else with the colour that was active, as the store has lost it.
func (c *colours) follow(ctx context.Context) error {
	key := cutover.Key(c.service)
	missing := make(chan string, 1)
	go c.write(ctx, missing)
	return c.store.Watch(ctx, key, func(b registry.Batch) {
		known, value := b.Complete, []byte(nil)
		for _, change := range b.Changes {
			if change.Key == key {
				known, value = true, change.Value
			}
		}
		if !known {
			return
		}
		select {
		case <-missing: // what was told last is superseded
		default:
		}
		if value != nil {
			missing <- ""
			c.take(bytes.Clone(value))
			return
		}
		missing <- cmp.Or(c.active, c.own)
	}, func(error) {})
}

// take tells which colour is active. One that cannot be read changes nothing.
func (c *colours) take(value []byte) {
	state, err := cutover.ParseState(value)
	if err != nil {
		c.log.Warn("which colour is active cannot be read", "key", cutover.Key(c.service), "err", err)
		return
	}
	if state.DNS() != c.active {
		c.log.Info("active colour", "colour", state.DNS())
	}
	c.active = state.DNS()
	c.on(c.active)
}

// write writes a State of the colour that missing gives, until it gives "".
func (c *colours) write(ctx context.Context, missing <-chan string) {
	colour := ""
	for ctx.Err() == nil {
		if colour == "" {
			select {
			case <-ctx.Done():
			case colour = <-missing:
			}
			continue
		}
		swap := registry.Swap{Key: cutover.Key(c.service), New: cutover.JSON(cutover.First(colour, time.Now()))}
		if _, err := c.store.Swap(ctx, swap); err == nil {
			colour = "" // the watch tells whose it is
			continue
		} else if ctx.Err() == nil {
			c.log.Warn("the active colour cannot be written", "err", err)
		}
		select {
		case <-ctx.Done():
		case colour = <-missing:
		case <-time.After(colourTry):
		}
	}
}
