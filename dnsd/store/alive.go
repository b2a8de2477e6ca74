package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"rundock/internal/pause"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	askEvery  = 5 * time.Second
	askWithin = 5 * time.Second // which a busy disk leaves a member that lives
)

// A Watched is told whether the store answers.
type Watched interface{ Answers(bool) }

// WatchAnswers asks the store whether it answers until ctx is done: a process that hangs is
// there, and in a cluster nobody on its host needs to notice, as other members answer. told has each
// answer; the log has its silence once, and its end. That none runs is Keep's to log.
func WatchAnswers(ctx context.Context, c Config, told Watched, log *slog.Logger) {
	silent := 0 // the process that does not answer
	for ctx.Err() == nil {
		pid, err := Running(c.Dir)
		if err == nil && pid != 0 {
			err = answers(ctx, c.Dir, pid)
		}
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil && pid != 0 && silent != pid:
			silent = pid
			log.Error("store does not answer", "err", err)
		case err == nil && pid != 0 && silent == pid:
			silent = 0
			log.Info("store answers again", "pid", pid)
		}
		told.Answers(pid != 0 && err == nil) // who sees the metric finds the log saying why
		pause.For(ctx, askEvery)
	}
}

// answers returns nil if the store in dir, process pid, says how it is: which it does without a
// majority as well, but not before it has known one since its start.
func answers(ctx context.Context, dir string, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	config, err := clientOf(pid)
	if err == nil {
		var client *clientv3.Client
		if client, err = clientv3.New(config); err == nil {
			defer client.Close()
			_, err = client.Status(ctx, config.Endpoints[0])
		}
	}
	if err != nil {
		return fmt.Errorf("store %s: process %d does not answer: %w", dir, pid, err)
	}
	return nil
}
