package follow

import (
	"context"
	"io"
	"iter"
	"time"

	"rundock/dnsd/snapshot"
	"rundock/internal/complaint"
	"rundock/internal/pause"
)

const (
	// writingShare bounds the time that writing takes: a part in that many.
	writingShare = 50
	// refreshed is how old a snapshot gets at most while nothing changes: its
	// age tells how long ago it was right.
	refreshed = 10 * time.Minute
)

// KeepSnapshot writes the table to dir, where it changed and at most every
// interval, until ctx is done, and then what changed last.
func (f *Follower) KeepSnapshot(ctx context.Context, dir string, interval time.Duration) {
	last := written{dir: dir}
	for wait := interval; pause.For(ctx, wait) == nil; {
		wait = max(interval, writingShare*f.write(&last))
	}
	f.write(&last)
}

// written is what KeepSnapshot wrote last, and what it said of that.
type written struct {
	dir    string
	header snapshot.Header
	said   complaint.Memory
}

// write writes the table where last is not of it, or old, and returns how long that took.
func (f *Follower) write(last *written) time.Duration {
	h, ok := f.header()
	if !ok || h.Revision == last.header.Revision && h.Cluster == last.header.Cluster && h.Written.Sub(last.header.Written) < refreshed {
		return 0
	}
	began := time.Now()
	size, err := snapshot.Write(last.dir, h, f.records())
	took := time.Since(began)
	if err != nil {
		f.Metrics.Snapshot.Failed()
		if last.said.News(time.Now(), err.Error()) {
			f.Log.Error("snapshot: trying on", "err", err)
		}
		return took
	}
	last.header, last.said = h, complaint.Memory{}
	f.Metrics.Snapshot.Written(h.Written, size)
	f.Log.Debug("snapshot written", "file", snapshot.Path(last.dir), "bytes", size, "took", took)
	return took
}

// Adopt loads what another process wrote by Encode, unless there is a table already.
func (f *Follower) Adopt(r io.ReadSeeker) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, records, err := snapshot.Decode(r, f.Prefix)
	if err == nil && f.Table.State() == nil {
		f.load(h, records)
	}
	return err
}

// header is that of a snapshot of the table as it is; not ok: it is not to be
// kept, as it is not, or not fully, what the store said. That the store is away
// since changes nothing of that: then it was written when that began.
func (f *Follower) header() (h snapshot.Header, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.Table.State()
	h = snapshot.Header{Prefix: f.Prefix, Cluster: f.origin.cluster, Revision: f.origin.revision, Written: time.Now().Add(-f.Metrics.Store.Stale())}
	return h, state != nil && f.listed && state.Missing == 0
}

// Loaded says whether there is a table to hand over.
func (f *Follower) Loaded() bool { return f.Table.State() != nil }

// Encode writes the table to w, as Adopt reads it.
func (f *Follower) Encode(w io.Writer) error {
	h, _ := f.header()
	_, err := snapshot.Encode(w, h, f.records())
	return err
}

// records are those of the table as they are written to a snapshot.
func (f *Follower) records() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, r := range f.Table.All() {
			if !yield(key, r.Value()) {
				return
			}
		}
	}
}
