package draining

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"rundock/internal/pause"
	"rundock/internal/registry"
)

// TurnKey is held by the one host that is being drained: from before it looks whether
// others have its services until these are withdrawn. So two hosts that are drained at
// once do not each count the other's instance.
const TurnKey = "/rundock/v1/drain"

// turnLease is how long the turn outlives a drain that was killed. Its services are
// withdrawn by then.
const turnLease = 10 * time.Second

// turn is the value of TurnKey.
type turn struct {
	ID    string    `json:"id"` // HOST/MACHINE
	Since time.Time `json:"since"`
}

// takeTurn waits until no other host is being drained, or ctx is done. It says which ones
// it waits for, each once.
func takeTurn(ctx context.Context, store registry.Store, host, machine string, says io.Writer) (*registry.Lock, error) {
	id := host + "/" + machine
	value, err := json.Marshal(turn{id, time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return nil, err
	}
	told := ""
	for {
		// Read before it is tried for: each try costs the store a lease, while the other's drain takes minutes.
		found, err := store.Read(ctx, []string{TurnKey})
		if err != nil || !found[0].Exists || found[0].ID == id {
			// ctx bounds the waiting, and not how long the turn is had.
			held, err := registry.Acquire(context.WithoutCancel(ctx), store, turnLease, registry.Item{Key: TurnKey, Value: value, ID: id})
			if !errors.Is(err, registry.ErrHeld) {
				return held, err
			}
		} else if found[0].ID != told {
			told = found[0].ID
			other, _, _ := strings.Cut(told, "/")
			fmt.Fprintf(says, "waiting for %s, which is being drained\n", other)
		}
		if err := pause.For(ctx, lookAgain); err != nil {
			return nil, fmt.Errorf("another host is being drained, %s: %w", told, err)
		}
	}
}
