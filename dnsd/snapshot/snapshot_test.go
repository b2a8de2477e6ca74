package snapshot

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func some(n int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("/skydns/com/example/s/svc-%d/node-%d", i/3, i), fmt.Appendf(nil, `{"host":"10.%d.%d.%d","port":8080}`, i>>16, i>>8&255, i&255)) {
				return
			}
		}
	}
}

func TestASnapshotIsReadAsItWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "write")
	h := Header{Prefix: "/skydns", Cluster: 1<<63 + 7, Revision: 42, Written: time.Now().UTC().Round(0)}
	if _, err := Write(dir, h, some(1)); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "."+fileName+"-crashed")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	size, err := Write(dir, h, some(1000))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(Path(dir)); err != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v, want %d bytes and mode 0600", info, err, size)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a crash left is still there: %v", err)
	}
	found, err := Read(dir, "/skydns", func(got Header, records iter.Seq2[string, []byte]) {
		if h.Format = format; got != h {
			t.Errorf("header = %+v, want %+v", got, h)
		}
		have, want := map[string]string{}, map[string]string{}
		for k, v := range records {
			have[k] = string(v)
		}
		for k, v := range some(1000) {
			want[k] = string(v)
		}
		if !maps.Equal(have, want) {
			t.Errorf("%d records differ from the %d written", len(have), len(want))
		}
	})
	if !found || err != nil {
		t.Errorf("Read = %v, %v", found, err)
	}
}

func TestWhatIsNoWholeSnapshotIsNamedAndNotUsed(t *testing.T) {
	whole := func(h Header) []byte {
		var b bytes.Buffer
		if _, err := Encode(&b, h, some(100)); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	packed := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.Bytes()
	}
	ours := whole(Header{Prefix: "/skydns"})
	flipped := bytes.Clone(ours)
	flipped[len(flipped)/2] ^= 1
	header := `{"format":"dnsd snapshot 1","prefix":"/skydns"}` + "\n"
	for _, c := range []struct {
		claim string
		file  []byte
		want  string
	}{
		{"an empty file", nil, "not a snapshot of these records"},
		{"a text", []byte("hello, here is a text"), "not a snapshot of these records"},
		{"a packed text", packed("hello\n"), "not a snapshot of these records"},
		{"a long line", packed(strings.Repeat("x", 1<<20)), "not a snapshot of these records"},
		{"another format", packed(`{"format":"dnsd snapshot 2","prefix":"/skydns"}` + "\n"), "not a snapshot of these records"},
		{"another prefix", whole(Header{Prefix: "/other"}), `under "/other", not /skydns`},
		{"one cut short", ours[:len(ours)-9], "unexpected EOF"},
		{"one cut shorter", ours[:20], "not a snapshot of these records"},
		{"a flipped bit", flipped, ""},
		{"a key of a terabyte", packed(header + "\xff\xff\xff\xff\xff\x1f"), "record 0: "},
		{"a key without value", packed(header + "\x02/a"), "record 0: unexpected EOF"},
		{"bytes behind the end", append(bytes.Clone(ours), "more"...), "unexpected EOF"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(Path(dir), c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := Read(dir, "/skydns", func(Header, iter.Seq2[string, []byte]) { t.Errorf("%s is used", c.claim) })
		if found || err == nil || !strings.Contains(err.Error(), Path(dir)) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Read = %v, %v, want an error with %q", c.claim, found, err, c.want)
		}
	}
	if found, err := Read(t.TempDir(), "/skydns", nil); found || err != nil {
		t.Errorf("without a file Read = %v, %v", found, err)
	}
}

func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if _, err := Encode(&b, Header{Prefix: "/skydns"}, some(3)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, records, err := Decode(bytes.NewReader(file), "/skydns"); err == nil {
			for range records {
			}
		}
	})
}

func BenchmarkMillion(b *testing.B) {
	dir := b.TempDir()
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			size, err := Write(dir, Header{Prefix: "/skydns"}, some(1_000_000))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(size), "bytes")
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if found, err := Read(dir, "/skydns", func(_ Header, records iter.Seq2[string, []byte]) {
				for range records {
				}
			}); !found || err != nil {
				b.Fatal(found, err)
			}
		}
	})
}
