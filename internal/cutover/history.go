package cutover

import (
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry"
)

// Entry is how an attempt ended.
type Entry struct {
	Attempt string    `json:"attempt"`
	Who     string    `json:"who"`
	Ended   time.Time `json:"ended"`
	From    string    `json:"from"`            // the colour that was active before
	To      string    `json:"to"`              // the colour that was wanted
	Image   string    `json:"image,omitempty"` // of To, by digest; "": not known
	Back    string    `json:"back,omitempty"`  // why it went back; "": To has the traffic
}

// Ended is the Entry to write once the State before has become settled, the
// State after. Whoever writes after writes it.
func Ended(before, after State) Entry {
	e := Entry{Attempt: before.Attempt, Who: before.Who, Ended: after.Since, From: before.Active, To: before.To, Image: before.Image}
	if after.Active != before.To {
		e.Back = after.Why
	}
	return e
}

// ParseEntry reads an Entry.
func ParseEntry(value []byte) (e Entry, err error) {
	err = registry.Decode(value, &e)
	switch {
	case err != nil:
	case e.Attempt == "":
		err = errors.New("no attempt")
	case !IsColour(e.From) || !IsColour(e.To):
		err = fmt.Errorf("from %q to %q: want blue or green", e.From, e.To)
	}
	if err != nil {
		return e, fmt.Errorf("switch history: %w", err)
	}
	return e, nil
}
