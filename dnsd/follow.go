package main

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"rundock/dnsd/metrics"
	"rundock/dnsd/snapshot"
	"rundock/dnsd/table"
	"rundock/internal/registry"
)

const (
	maxBadLogged  = 100 // bounds the log lines of one batch; the metric counts them all
	maxHeldLogged = 5
	// manyRecords make a list that takes as much memory as the table itself; it
	// is given back.
	manyRecords = 100_000
	// slowStart is how long the first list may take before a snapshot is
	// answered from meanwhile.
	slowStart = time.Second
)

// A follower keeps the table as the registry is. While the registry is away
// the table stays as it was; before the first list it is the snapshot's.
type follower struct {
	prefix  string
	table   *table.Table
	metrics *metrics.Set
	losses  losses
	dir     string // of the snapshot; empty: none
	log     *slog.Logger

	mu     sync.Mutex // one change of the table at a time
	origin origin     // of what the table has
	listed bool       // by the registry, since the start
	held   *time.Timer
	until  time.Time // when held fires
	names  refusedNames
}

// run follows client until ctx is done.
func (f *follower) run(ctx context.Context, client registry.Store) {
	slow := time.AfterFunc(slowStart, f.fromDisk)
	defer slow.Stop()
	onHealth := func(err error) {
		f.metrics.Registry.Health(err)
		if err == nil {
			f.log.Info("registry is followed")
			return
		}
		f.log.Warn("registry is away, answering from what is known", "err", err)
		f.fromDisk()
	}
	if err := client.Watch(ctx, f.prefix+"/", f.on, onHealth); err != nil {
		f.log.Error("registry", "err", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
}

// on applies a batch.
func (f *follower) on(b registry.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bad []table.Bad
	if b.Complete {
		bad = f.replace(b)
	} else {
		bad = f.table.Update(b.Revision, pairs(b))
		f.origin.revision = b.Revision
	}
	for _, each := range bad[:min(len(bad), maxBadLogged)] {
		f.log.Warn("record skipped", "key", each.Key, "reason", each.Reason)
	}
	if more := len(bad) - maxBadLogged; more > 0 {
		f.log.Warn("more records skipped", "count", more)
	}
	f.names.look(f.log, f.prefix, b.Changes)
}

// replace applies a list, but keeps suspicious losses for a while. A list that
// comes while some are kept does not prolong that.
func (f *follower) replace(b registry.Batch) []table.Bad {
	now := origin{b.Cluster, b.Revision}
	wasHeld, before := f.held != nil, f.origin
	reason := ""
	bad := f.table.ReplaceUnless(b.Revision, pairs(b), func(known, missing int) bool {
		reason = f.losses.suspicion(before, now, known, missing)
		return wasHeld || reason != ""
	})
	f.origin, f.listed = now, true
	f.metrics.Snapshot.Used(false)
	state := f.table.State()
	if len(b.Changes) > manyRecords {
		time.AfterFunc(time.Second, debug.FreeOSMemory)
	}
	f.log.Info("table loaded", "records", state.Records, "bad", state.Bad, "revision", b.Revision)
	switch {
	case state.Missing == 0:
		f.release()
	case !wasHeld:
		f.until = time.Now().Add(f.losses.hold)
		f.held = time.AfterFunc(f.losses.hold, func() { f.drop("--loss-hold has passed") })
		fallthrough
	default:
		f.log.Error("LOSSES HELD: the registry's list lacks records that were known; they are still answered, and dropped unless they come back",
			"missing", state.Missing, "of", state.Records, "reason", reason, "until", f.until.Format(time.RFC3339), "such_as", f.table.Missing(maxHeldLogged), "to_drop_now", "sv 1 dnsd (USR1)")
	}
	return bad
}

// drop applies what is held.
func (f *follower) drop(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	if n := f.table.DropMissing(); n > 0 {
		f.log.Warn("held losses are dropped", "records", n, "reason", reason)
	}
}

// release stops the clock of what is held.
func (f *follower) release() {
	if f.held != nil {
		f.held.Stop()
		f.held = nil
	}
}

// fromDisk loads the snapshot, if nothing was loaded yet.
func (f *follower) fromDisk() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == "" || f.table.State() != nil {
		return
	}
	found, err := snapshot.Read(f.dir, f.prefix, f.load)
	switch {
	case err != nil:
		f.metrics.Snapshot.Failed()
		f.log.Error("snapshot is ignored", "err", err)
	case !found:
		f.log.Warn("nothing to answer from: the registry was not reached, and there is no snapshot", "file", snapshot.Path(f.dir))
	default:
		state := f.table.State()
		f.metrics.Snapshot.Used(true)
		f.log.Warn("STALE: answering from a snapshot until the registry is there", "file", snapshot.Path(f.dir), "records", state.Records, "age", f.metrics.Registry.Stale().Round(time.Second))
	}
	if err != nil || !found {
		f.dir = "" // and so say it once; what keepSnapshot writes is for the next start
	}
}

func (f *follower) load(h snapshot.Header, records iter.Seq2[string, []byte]) {
	f.origin = origin{h.Cluster, h.Revision}
	f.table.Replace(h.Revision, records)
	f.metrics.Registry.StaleSince(h.Written)
}

// adopt loads what another process handed over.
func (f *follower) adopt(r io.ReadSeeker) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, records, err := snapshot.Decode(r, f.prefix)
	if err == nil && f.table.State() == nil {
		f.load(h, records)
	}
	return err
}

// header is that of a snapshot of the table as it is; not ok: it is not to be
// kept, as it is not, or not fully, what the registry said.
func (f *follower) header() (h snapshot.Header, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.table.State()
	h = snapshot.Header{Prefix: f.prefix, Cluster: f.origin.cluster, Revision: f.origin.revision, Written: time.Now().Add(-f.metrics.Registry.Stale())}
	return h, state != nil && f.listed && state.Missing == 0 && f.metrics.Registry.Lost() == nil
}

// records are those of the table as they are written to a snapshot.
func (f *follower) records() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, r := range f.table.All() {
			if !yield(key, r.Value()) {
				return
			}
		}
	}
}

func pairs(b registry.Batch) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, c := range b.Changes {
			if !yield(c.Key, c.Value) {
				return
			}
		}
	}
}

const (
	// writingShare bounds the time that writing takes: a part in that many.
	writingShare = 50
	// refreshed is how old a snapshot gets at most while nothing changes: its
	// age tells how long ago it was right.
	refreshed = 10 * time.Minute
)

// keepSnapshot writes the table to dir, where it changed and at most every
// interval, until ctx is done.
func (f *follower) keepSnapshot(ctx context.Context, dir string, interval time.Duration) {
	var wrote snapshot.Header
	said := ""
	for wait := interval; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		h, ok := f.header()
		if wait = interval; !ok || h.Revision == wrote.Revision && h.Cluster == wrote.Cluster && h.Written.Sub(wrote.Written) < refreshed {
			continue
		}
		size, err := snapshot.Write(dir, h, f.records())
		wait = max(interval, writingShare*time.Since(h.Written))
		if err != nil {
			f.metrics.Snapshot.Failed()
			if said != err.Error() {
				said = err.Error()
				f.log.Error("snapshot: trying on", "err", err)
			}
			continue
		}
		wrote, said = h, ""
		f.metrics.Snapshot.Written(h.Written, size)
		f.log.Debug("snapshot written", "file", snapshot.Path(dir), "bytes", size, "took", time.Since(h.Written))
	}
}
