package logcopy

import (
	"os"
	"path/filepath"
	"testing"

	"rundock/supervisor/process"
)

// killed is a Copier whose predecessor was killed: before it planned batch
// it had written before, and svlogd's folder holds files now.
func killed(t *testing.T, before, batch string, files map[string]string) *Copier {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	l := &Copier{Cursor: reopen(t, filepath.Join(dir, "log.cursor")), Out: process.Pipe{FD: int(w.Fd())}, Current: filepath.Join(dir, "current")}
	l.Cursor.begin(one)
	written := recent{known: true}
	written.add([]byte(before))
	l.Cursor.plan(position{10, 1, 0}, []byte(batch), written.lacks([]byte(batch)))
	return l
}

// TestSettle: a batch that counts as written is not written again.
func TestSettle(t *testing.T) {
	const (
		stamp = "2026-11-21_04:00:00.00000 "
		end   = stamp + "rundock: runner of influxdb ended by signal 9; the container stays\n"
	)
	for _, c := range []struct {
		claim, before, batch string
		files                map[string]string
		want                 bool
	}{
		{"a batch that is in the log was written", "started\n", "tick\ntock\n",
			map[string]string{"current": stamp + "started\n" + stamp + "tick\n" + stamp + "tock\n" + end}, true},
		{"one that is not in the log was not", "started\n", "tick\n",
			map[string]string{"current": stamp + "started\n" + end}, false},
		{"one that looks like what came before it may be lost, so it counts as not written", "tick\n", "tick\n",
			map[string]string{"current": stamp + "tick\n" + end}, false},
		{"nor does it if it was written", "tick\n", "tick\n",
			map[string]string{"current": stamp + "tick\n" + stamp + "tick\n" + end}, false},
		{"the first piece of a long line is found before what finish says", "started\n", "piece",
			map[string]string{"current": stamp + "started\n" + stamp + "piecerundock: runner ended by signal 9\n"}, true},
		{"so is one in its middle", "started\nfirst", "second",
			map[string]string{"current": stamp + "started\n" + stamp + "firstsecondrundock: runner ended by signal 9\n"}, true},
		{"a batch over two files is found", "started\n", "tick\ntock\n",
			map[string]string{"@400000006a000000.s": stamp + "started\n" + stamp + "tick\n", "current": stamp + "tock\n" + end}, true},
		{"so is a line that a killed svlogd left half", "started\n", "ticktock\n",
			map[string]string{"@400000006a000000.u": stamp + "tick", "current": stamp + "tock\n" + end}, true},
		{"without a log nothing was written", "", "tick\n", nil, false},
	} {
		t.Run(c.claim, func(t *testing.T) {
			l := killed(t, c.before, c.batch, c.files)
			l.resumeBatch(one)
			if batch, _ := l.Cursor.pending(); batch != nil {
				t.Errorf("%q is still pending", batch)
			}
			if got := l.Cursor.begin(one) == (position{10, 1, 0}); got != c.want {
				t.Errorf("counts as written: %t, want %t", got, c.want)
			}
		})
	}
}

func TestSettle_while_svlogd_does_not_read(t *testing.T) {
	l := killed(t, "", "tick\n", map[string]string{"current": "2026-11-21_04:00:00.00000 tick\n"})
	if err := l.Out.WriteContext(t.Context(), []byte("in the pipe\n")); err != nil {
		t.Fatal(err)
	}
	l.resumeBatch(one)
	if l.Cursor.begin(one) != (position{}) {
		t.Error("a batch counts as written although svlogd had not taken all")
	}
	if l.recent.lacks([]byte("never seen\n")) {
		t.Error("a batch counts as new although svlogd had not taken all that was written before")
	}
}

func TestRecent_forgets_no_more_than_written_looks_at(t *testing.T) {
	r := recent{known: true}
	r.add([]byte("needle\n"))
	for range recentSize / process.PipeBuf {
		r.add(make([]byte, process.PipeBuf))
	}
	if r.lacks([]byte("needle\n")) && len(r.text) < recentSize {
		t.Errorf("forgotten with %d bytes kept, want at least %d", len(r.text), recentSize)
	}
	for range 4 * recentSize / process.PipeBuf {
		r.add(make([]byte, process.PipeBuf))
	}
	if len(r.text) > 3*recentSize {
		t.Errorf("%d bytes are kept", len(r.text))
	}
}
