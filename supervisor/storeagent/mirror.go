package storeagent

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"rundock/internal/pause"
	"rundock/internal/registry/consul"
	"rundock/internal/skydns"
)

// gatherPause is how long changes are gathered that come one after the other.
const gatherPause = 100 * time.Millisecond

// mirror keeps the host's part of Consul's catalog as its records are, until ctx is
// done. It leaves the entries to a successor, as they are; if none comes, their
// checks become critical.
func (s *served) mirror(ctx context.Context, client *consul.Client, log *slog.Logger) {
	ticker := time.NewTicker(consul.MirrorEvery)
	defer ticker.Stop()
	changed := make(chan struct{}, 1)
	s.server.Notify(changed)
	for ctx.Err() == nil {
		want, leave := entriesOf(s.server.Held())
		err := client.Mirror(ctx, want, leave)
		if ctx.Err() != nil {
			return
		}
		s.mirrored(err, log)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-changed:
			pause.For(ctx, gatherPause)
		}
	}
}

// mirrored notes how a round went; what goes wrong is logged when it begins.
func (s *served) mirrored(err error, log *slog.Logger) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if text != "" && s.catalog == "" {
		log.Warn("Consul's catalog does not follow the records", "err", err)
	}
	s.catalog = text
}

// trouble is why the catalog does not follow; "" where it does, or there is none.
func (s *served) trouble() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.catalog
}

// entriesOf are the entries of the catalog for what is held, and the keys whose
// entries are to stay as they are.
func entriesOf(held map[string][]byte) (want []consul.Entry, leave []string) {
	for key, value := range held {
		if value == nil {
			leave = append(leave, key)
		} else if e, ok := entryOf(key, value); ok {
			want = append(want, e)
		}
	}
	return want, leave
}

// entryOf is the entry for a record that leads to a port of a host:
//
//	/skydns/com/example/prod/s/web/node-1               is of service web
//	/skydns/com/example/prod/s/web/_tcp/_metrics/node-1 is of service web-metrics
//	/skydns/com/example/prod/s/web/node-1-blue          is of service web-blue while blue is idle
func entryOf(key string, value []byte) (consul.Entry, bool) {
	path, ok := strings.CutPrefix(key, skydns.Prefix+"/")
	r, err := skydns.Parse(value)
	labels := strings.Split(path, "/")
	n := len(labels)
	if !ok || err != nil || r.Host == "" || n < 2 {
		return consul.Entry{}, false
	}
	name := labels[n-2]
	if n >= 4 && strings.HasPrefix(name, "_") && strings.HasPrefix(labels[n-3], "_") {
		name = labels[n-4] + "-" + name[1:]
	}
	if r.Colour != "" && r.Group == "_"+r.Colour {
		name += "-" + r.Colour
	}
	return consul.Entry{Key: key, Name: name, Address: r.Host, Port: r.Port, Tags: r.Tags, Meta: r.Meta}, true
}
