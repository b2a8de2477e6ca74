package follow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"rundock/dnsd/metrics"
	"rundock/dnsd/snapshot"
	"rundock/dnsd/table"
	"rundock/internal/registry"
)

// These tests run in a bubble of testing/synctest: its clock stands still
// while anything is left to do, and so a moment before and a moment after can
// be told apart.

const moment = time.Nanosecond

func follower() *Follower {
	tab := table.New("/skydns")
	return &Follower{Prefix: "/skydns", Table: tab, Metrics: metrics.New("test", tab), Losses: Losses{Share: 30, Hold: time.Minute}, Log: slog.New(slog.DiscardHandler)}
}

// list is a complete batch of the records web-0 to web-<count-1>.
func list(revision int64, count int) registry.Batch {
	b := registry.Batch{Complete: true, Revision: revision, Cluster: 7}
	for i := range count {
		b.Changes = append(b.Changes, registry.Change{Key: fmt.Sprintf("/skydns/com/example/web-%d", i), Value: []byte(`{"host":"10.1.0.1"}`)})
	}
	return b
}

// retains fails unless f answers count records, missing of which the list lacks.
func (f *Follower) retains(t *testing.T, when string, count, missing int) {
	t.Helper()
	synctest.Wait()
	s := f.Table.State()
	if s == nil {
		t.Fatalf("%s nothing is loaded, want %d records", when, count)
	}
	if s.Records != count || s.Missing != missing {
		t.Errorf("%s there are %d records, %d of them retained; want %d and %d", when, s.Records, s.Missing, count, missing)
	}
}

func TestRetention_ends_after_Hold_whatever_lists_come_meanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follower()
		f.on(list(1, 10))
		f.on(list(2, 4))
		f.retains(t, "at first", 10, 6)
		time.Sleep(40 * time.Second)
		f.on(list(3, 4))
		time.Sleep(20*time.Second - moment)
		f.retains(t, "just before a minute is over", 10, 6)
		time.Sleep(moment)
		f.retains(t, "after a minute", 4, 0)
	})
}

func TestRetention_that_what_came_back_has_ended_leaves_no_timer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follower()
		f.on(list(1, 10))
		f.on(list(2, 4))
		time.Sleep(40 * time.Second)
		f.on(list(3, 10))
		f.retains(t, "once all came back", 10, 0)
		f.on(list(4, 3))
		time.Sleep(time.Minute - moment)
		f.retains(t, "just before a minute after the second loss", 10, 7)
		time.Sleep(moment)
		f.retains(t, "a minute after the second loss", 3, 0)
	})
}

// silent is a store that does not come to answer.
type silent struct{ registry.Store }

func (silent) Watch(ctx context.Context, _ string, _ func(registry.Batch), _ func(error)) error {
	<-ctx.Done()
	return nil
}

func TestSnapshot_is_answered_from_where_the_first_list_takes_long(t *testing.T) {
	dir := t.TempDir()
	_, err := snapshot.Write(dir, snapshot.Header{Prefix: "/skydns", Cluster: 7, Revision: 1, Written: time.Now()}, pairs(list(1, 10)))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f := follower()
		f.SnapshotDir = dir
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() { f.Run(ctx, silent{}); close(done) }()
		time.Sleep(slowStart - moment)
		synctest.Wait()
		if s := f.Table.State(); s != nil {
			t.Errorf("before %s is over the table has %d records, want none loaded", slowStart, s.Records)
		}
		time.Sleep(moment)
		f.retains(t, fmt.Sprintf("after %s", slowStart), 10, 0)
		cancel()
		<-done
	})
}

func TestSnapshot_is_written_where_the_table_changed_and_as_it_gets_old(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		const interval = 10 * time.Second
		f := follower()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() { f.KeepSnapshot(ctx, dir, interval); close(done) }()
		began := time.Now()
		written := func() (h snapshot.Header) {
			t.Helper()
			synctest.Wait()
			if _, err := snapshot.Read(dir, "/skydns", func(read snapshot.Header, _ iter.Seq2[string, []byte]) { h = read }); err != nil {
				t.Fatal(err)
			}
			return h
		}
		is := func(when string, revision int64, age time.Duration) {
			t.Helper()
			if h := written(); h.Revision != revision || h.Written.Sub(began) != age {
				t.Errorf("%s the snapshot is of revision %d, %s after the start; want %d and %s", when, h.Revision, h.Written.Sub(began), revision, age)
			}
		}
		time.Sleep(3 * interval)
		if h := written(); h.Format != "" {
			t.Errorf("with no list there is a snapshot of revision %d", h.Revision)
		}
		f.Metrics.Store.Health(nil)
		f.on(list(1, 10))
		time.Sleep(interval)
		is("once there is a list", 1, 4*interval)
		time.Sleep(5 * interval)
		is("as nothing changes", 1, 4*interval)
		f.on(list(2, 11))
		time.Sleep(interval)
		is("after a change", 2, 10*interval)
		f.on(list(3, 11))
		f.Metrics.Store.Health(errors.New("away"))
		time.Sleep(interval)
		is("with a change before the store went away", 3, 10*interval)
		time.Sleep(refreshed)
		is("while the store is away", 3, 10*interval)
		f.Metrics.Store.Health(nil)
		time.Sleep(interval)
		is("once it is back, and it was old", 3, 12*interval+refreshed)
		time.Sleep(refreshed)
		is("when it gets old", 3, 12*interval+2*refreshed)
		f.on(list(4, 11))
		time.Sleep(interval / 2)
		is("shortly after a change", 3, 12*interval+2*refreshed)
		cancel()
		<-done
		is("after the end", 4, 12*interval+2*refreshed+interval/2)
	})
}
