package lab

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrunable(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	base := func(name string, ago time.Duration, busy bool) oldBase { return oldBase{name, now.Add(-ago), busy} }
	const day = 24 * time.Hour
	for _, c := range []struct {
		claim string
		bases []oldBase
		want  string
	}{
		{"nothing is nothing", nil, ""},
		{"four stay, however old", []oldBase{base("a", 90*day, false), base("b", 80*day, false), base("c", 70*day, false), base("d", 60*day, false)}, ""},
		{"of more, those used longest ago go", []oldBase{base("a", 3*day, false), base("b", 9*day, false), base("c", day, false), base("d", 2*day, false), base("e", 4*day, false), base("f", day, false)}, "e b"},
		{"one that a host is on stays", []oldBase{base("a", day, false), base("b", day, false), base("c", day, false), base("d", 9*day, true), base("e", 8*day, false), base("f", day, false)}, "e"},
		{"one used within the hour stays", []oldBase{base("a", time.Minute, false), base("b", time.Minute, false), base("c", time.Minute, false), base("d", 59*time.Minute, false), base("e", 61*time.Minute, false), base("f", time.Minute, false)}, "e"},
	} {
		before := slices.Clone(c.bases)
		var got []string
		for _, b := range prunable(c.bases, now) {
			got = append(got, b.dir)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q go, want %q", c.claim, got, c.want)
		}
		if !slices.Equal(c.bases, before) {
			t.Errorf("%s: the list was changed", c.claim)
		}
	}
}

func TestPrune_leaves_what_a_lab_uses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounts an overlay: needs root")
	}
	l := &Lab{Config: Config{ID: "x", Cache: t.TempDir(), State: t.TempDir()}, Progress: t.Logf}
	folders := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.MkdirAll(filepath.Join(l.Cache, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	// By age, the oldest first: three unused, one mounted, one of a host without power, one whose packages are served, four unused.
	names := []string{"000000000001", "000000000002", "000000000003", "00000000000a", "00000000000b", "00000000000c",
		"000000000004", "000000000005", "000000000006", "000000000007"}
	for i, name := range names {
		folders(name+"/bare", name+"/prepared/etc")
		used := time.Now().Add(time.Duration(i-100) * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(l.Cache, name), used, used); err != nil {
			t.Fatal(err)
		}
	}
	folders("ansible-trixie", "0123456789ab", "building-000000000009") // one is no base, one is still empty, one is being made
	mounted(t, filepath.Join(l.Cache, "00000000000a"))
	disk := filepath.Join(l.State, "other", "hosts", ".node-1")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(l.Cache, "00000000000b", "prepared"), filepath.Join(disk, "base")); err != nil {
		t.Fatal(err)
	}
	served := &Lab{Config: Config{ID: "third", State: l.State}}
	if err := os.MkdirAll(served.served(""), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := served.serve("forky", filepath.Join(l.Cache, "00000000000c")); err != nil {
		t.Fatal(err)
	}
	l.prune()
	entries, err := os.ReadDir(l.Cache)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	want := []string{"000000000004", "000000000005", "000000000006", "000000000007", "00000000000a", "00000000000b", "00000000000c",
		"0123456789ab", "ansible-trixie", "building-000000000009"}
	if !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

// mounted mounts an overlay on base in a mount namespace of its own, as a host
// does, until the test ends.
func mounted(t *testing.T, base string) {
	t.Helper()
	script := `mount -t overlay overlay -o "lowerdir=$1/bare:$1/prepared" "$2" && echo mounted && exec sleep 600`
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", base, t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "mounted\n" {
		t.Fatalf("the overlay is not mounted: %q, %v", line, err)
	}
}
