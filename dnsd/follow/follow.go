// Package follow keeps the table as the store is: it loads lists, applies
// changes, retains records that a new list lacks for no good reason
// (losses.go), logs how an outage of the store goes (outage.go), and writes and
// reads the snapshot that a start without the store answers from (snapshot.go).
package follow

import (
	"context"
	"iter"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"rundock/dnsd/hostnames"
	"rundock/dnsd/metrics"
	"rundock/dnsd/snapshot"
	"rundock/dnsd/table"
	"rundock/internal/registry"
)

const (
	maxBadLogged      = 100 // bounds the log lines of one batch; the metric counts them all
	maxBadListed      = 3   // bounds those that the line for a list names
	maxRetainedLogged = 5
	// manyRecords make a list that takes as much memory as the table itself; it
	// is given back.
	manyRecords = 100_000
	// slowStart is how long the first list may take before a snapshot is
	// answered from meanwhile.
	slowStart = time.Second
)

// A Follower keeps the table as the store is. While the store is away
// the table stays as it was; before the first list it is the snapshot's.
type Follower struct {
	Prefix      string // of keys
	Table       *table.Table
	Metrics     *metrics.Set
	Losses      Losses
	SnapshotDir string // folder; empty: none
	Log         *slog.Logger

	mu     sync.Mutex // one change of the table at a time
	origin origin     // of what the table has
	listed bool       // by the store, since the start
	// retention drops the records that a list lacks, at until; nil: there are none
	retention *time.Timer
	until     time.Time
	names     hostnames.Log
}

// Run follows client until ctx is done.
func (f *Follower) Run(ctx context.Context, client registry.Store) {
	slow := time.AfterFunc(slowStart, f.fromDisk)
	defer slow.Stop()
	outage := outage{log: f.Log}
	defer outage.stop()
	onHealth := func(err error) {
		f.Metrics.Store.Health(err)
		if err == nil {
			outage.ended()
			return
		}
		outage.began(err)
		f.fromDisk()
	}
	if err := client.Watch(ctx, f.Prefix+"/", f.on, onHealth); err != nil {
		f.Log.Error("registry", "err", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
}

// on applies a batch of the store.
func (f *Follower) on(b registry.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bad []table.Bad
	if b.Complete {
		bad = f.replace(b)
	} else {
		bad = f.Table.Update(b.Revision, pairs(b))
		f.origin.revision = b.Revision
	}
	f.logSkipped(bad, b.Complete)
	f.names.Changed(f.Log, f.Prefix, b.Changes, b.Complete)
}

// logSkipped names the records that have become bad. Those of a list are mostly
// old: each HUP begins with one, and has one line for all of them.
func (f *Follower) logSkipped(bad []table.Bad, list bool) {
	if list && len(bad) > 0 {
		var some []string
		for _, each := range bad[:min(len(bad), maxBadListed)] {
			some = append(some, each.Key+": "+each.Reason)
		}
		f.Log.Warn("records skipped, dnsd check names them all", "count", len(bad), "such_as", some)
		return
	}
	for _, each := range bad[:min(len(bad), maxBadLogged)] {
		f.Log.Warn("record skipped", "key", each.Key, "reason", each.Reason)
	}
	if more := len(bad) - maxBadLogged; more > 0 {
		f.Log.Warn("more records skipped", "count", more)
	}
}

// replace applies a list, but retains suspicious losses for a while. A list that
// comes meanwhile does not prolong that.
func (f *Follower) replace(b registry.Batch) []table.Bad {
	now := origin{b.Cluster, b.Revision}
	wasRetaining, before := f.retention != nil, f.origin
	reason := ""
	bad := f.Table.ReplaceUnless(b.Revision, pairs(b), func(known, missing int) bool {
		reason = f.Losses.suspicion(before, now, known, missing)
		return wasRetaining || reason != ""
	})
	f.origin, f.listed = now, true
	f.Metrics.Snapshot.Used(false)
	state := f.Table.State()
	if len(b.Changes) > manyRecords {
		time.AfterFunc(time.Second, debug.FreeOSMemory)
	}
	f.Log.Info("table loaded", "records", state.Records, "bad", state.Bad, "revision", b.Revision)
	switch {
	case state.Missing == 0:
		f.release()
	case !wasRetaining:
		f.until = time.Now().Add(f.Losses.Hold)
		f.retention = time.AfterFunc(f.Losses.Hold, func() { f.Drop("--loss-hold has passed") })
		fallthrough
	default:
		f.Log.Error("LOSSES RETAINED: the store's list lacks records that were known; they are still answered, and dropped unless they come back",
			"missing", state.Missing, "of", state.Records, "reason", reason, "until", f.until.Format(time.RFC3339), "such_as", f.Table.Missing(maxRetainedLogged), "to_drop_now", "sv 1 dnsd (USR1)")
	}
	return bad
}

// Drop drops the retained records at once. reason is for the log.
func (f *Follower) Drop(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	if n := f.Table.DropMissing(); n > 0 {
		f.Log.Warn("retained losses are dropped", "records", n, "reason", reason)
	}
}

// release ends the retention.
func (f *Follower) release() {
	if f.retention != nil {
		f.retention.Stop()
		f.retention = nil
	}
}

// fromDisk loads the snapshot, if nothing was loaded yet.
func (f *Follower) fromDisk() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.SnapshotDir == "" || f.Table.State() != nil {
		return
	}
	found, err := snapshot.Read(f.SnapshotDir, f.Prefix, f.load)
	switch {
	case err != nil:
		f.Metrics.Snapshot.Failed()
		f.Log.Error("snapshot is ignored", "err", err)
	case !found:
		f.Log.Warn("nothing to answer from: the store was not reached, and there is no snapshot", "file", snapshot.Path(f.SnapshotDir))
	default:
		state := f.Table.State()
		f.Metrics.Snapshot.Used(true)
		f.Log.Warn("STALE: answering from a snapshot until the store is there", "file", snapshot.Path(f.SnapshotDir), "records", state.Records, "age", f.Metrics.Store.Stale().Round(time.Second))
	}
	if err != nil || !found {
		f.SnapshotDir = "" // and so say it once; what KeepSnapshot writes is for the next start
	}
}

func (f *Follower) load(h snapshot.Header, records iter.Seq2[string, []byte]) {
	f.origin = origin{h.Cluster, h.Revision}
	f.Table.Replace(h.Revision, records)
	f.Metrics.Store.StaleSince(h.Written)
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
