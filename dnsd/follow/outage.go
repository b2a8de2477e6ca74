package follow

import (
	"log/slog"
	"sync"
	"time"

	"rundock/internal/complaint"
)

// remindEvery is how often the log says that the store is still away.
const remindEvery = time.Minute

// An outage logs how a loss of the store begins, that it goes on, and how it
// ends. Endpoints are tried in turn, each with an error of its own: an error is
// logged when it comes up, and the last one again with each reminder.
type outage struct {
	log *slog.Logger

	mu     sync.Mutex
	since  time.Time // zero: the store is there
	last   error
	said   complaint.Memory
	remind *time.Timer
}

// began takes the error of an attempt to reach the store.
func (o *outage) began(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = err
	if o.since.IsZero() {
		o.since = time.Now()
		o.remind = time.AfterFunc(remindEvery, o.goesOn)
	}
	if o.said.News(time.Now(), err.Error()) {
		o.log.Warn("store is away, answering from what is known", "err", err)
	}
}

func (o *outage) goesOn() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return // it ended meanwhile
	}
	o.remind.Reset(remindEvery)
	o.log.Warn("store is still away, answering from what is known", "for", time.Since(o.since).Round(time.Second), "err", o.last)
}

// ended says that the store is followed, also where it was never away.
func (o *outage) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.log.Info("store is followed")
		return
	}
	o.log.Info("store is followed", "was_away_for", time.Since(o.since).Round(time.Second))
	o.forget()
}

// stop ends the reminders.
func (o *outage) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget()
}

func (o *outage) forget() {
	if o.remind != nil {
		o.remind.Stop()
	}
	o.since, o.said = time.Time{}, complaint.Memory{}
}
