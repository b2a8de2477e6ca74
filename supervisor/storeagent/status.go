package storeagent

import (
	"context"
	"log/slog"
	"os"
	"reflect"
	"time"

	"rundock/internal/control"
	"rundock/internal/pause"
)

// look is how often it is seen whether the status file says what is so, though
// nothing told of a change.
const look = time.Second

// tell keeps the status file in dir as things are, until ctx is done.
func tell(ctx context.Context, all []*served, dir string, log *slog.Logger) {
	since := time.Now()
	changed := make(chan struct{}, 1)
	for _, s := range all {
		s.server.Notify(changed)
	}
	var last control.StoreStatus
	var told time.Time
	for {
		now := control.StoreStatus{PID: os.Getpid(), Since: since, Stores: states(all)}
		switch {
		case !reflect.DeepEqual(now, last):
			say(dir, now, log)
			last, told = now, time.Now()
		case time.Since(told) >= control.Beat:
			if control.BeatStore(dir) != nil { // it is gone
				say(dir, now, log)
			}
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
			pause.For(ctx, gatherPause)
		case <-time.After(look):
		}
	}
}

func states(all []*served) (list []control.ServedStore) {
	for _, s := range all {
		now := s.server.State()
		one := control.ServedStore{Name: s.name, Clients: now.Clients, Records: now.Keys, Watches: now.Watches, Catalog: s.trouble()}
		if now.Trouble != nil {
			one.Reason = now.Trouble.Error()
		}
		list = append(list, one)
	}
	return list
}

// failed is the status of one that serves nothing.
func failed(err error) control.StoreStatus {
	return control.StoreStatus{PID: os.Getpid(), Since: time.Now(), Reason: err.Error()}
}

// say writes the status file. That it cannot be written must stop nothing.
func say(dir string, status control.StoreStatus, log *slog.Logger) {
	if err := control.WriteStore(dir, status); err != nil {
		log.Warn("the status is not written", "err", err)
	}
}
