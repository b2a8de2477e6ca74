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
// interval, until ctx is done.
func (f *Follower) KeepSnapshot(ctx context.Context, dir string, interval time.Duration) {
	var wrote snapshot.Header
	var said complaint.Memory
	for wait := interval; ; {
		if pause.For(ctx, wait) != nil {
			return
		}
		h, ok := f.header()
		if wait = interval; !ok || h.Revision == wrote.Revision && h.Cluster == wrote.Cluster && h.Written.Sub(wrote.Written) < refreshed {
			continue
		}
		size, err := snapshot.Write(dir, h, f.records())
		wait = max(interval, writingShare*time.Since(h.Written))
		if err != nil {
			f.Metrics.Snapshot.Failed()
			if said.News(time.Now(), err.Error()) {
				f.Log.Error("snapshot: trying on", "err", err)
			}
			continue
		}
		wrote, said = h, complaint.Memory{}
		f.Metrics.Snapshot.Written(h.Written, size)
		f.Log.Debug("snapshot written", "file", snapshot.Path(dir), "bytes", size, "took", time.Since(h.Written))
	}
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
// kept, as it is not, or not fully, what the registry said.
func (f *Follower) header() (h snapshot.Header, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.Table.State()
	h = snapshot.Header{Prefix: f.Prefix, Cluster: f.origin.cluster, Revision: f.origin.revision, Written: time.Now().Add(-f.Metrics.Registry.Stale())}
	return h, state != nil && f.listed && state.Missing == 0 && f.Metrics.Registry.Lost() == nil
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
