package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestPackages_prepare_little_at_start: of rundockd a host runs two processes a
// service, and what a package allocates at its start costs each of them its memory
// for good, though it be collected. Two packages that Docker's client imports compile
// their patterns at the start; https://github.com/distribution/reference/pull/25 has one
// of them wait. What they take is half a megabyte of memory a process.
func TestPackages_prepare_little_at_start(t *testing.T) {
	const most = 32 << 10 // bytes; of Go's own, unicode takes 11 KB
	others := map[string]bool{"github.com/distribution/reference": true, "github.com/opencontainers/go-digest": true}
	cmd := exec.Command(os.Args[0], "version")
	cmd.Env = append(os.Environ(), "RUNDOCKD=1", "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("rundockd version: %v\n%s", err, out)
	}
	packages := regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes,`).FindAllStringSubmatch(string(out), -1)
	if len(packages) < 50 {
		t.Fatalf("%d packages tell what they allocate at their start, want those of rundockd:\n%s", len(packages), out)
	}
	for _, p := range packages {
		if n, _ := strconv.Atoi(p[2]); n > most && !others[p[1]] {
			t.Errorf("package %s allocates %d bytes at its start, want at most %d: have it prepare what it needs when it is first used", p[1], n, most)
		}
	}
}
