package audit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
)

// scanner is a program of this script.
func scanner(t *testing.T, script string, timeout int) Scanner {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scan")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Scanner{Command: []string{path, "--image"}, Timeout: timeout}
}

func TestScanner_is_believed_only_where_it_has_ended_well(t *testing.T) {
	const good = `echo '{"id":"CVE-2026-1","severity":"critical","package":"libssl3","text":"'"$2"'"}'`
	for name, c := range map[string]struct {
		script string
		finds  string // ids
		says   string // of the failure

		endless bool
	}{
		"nothing":               {"exit 0", "", "", false},
		"found":                 {good, "CVE-2026-1", "", false},
		"found, and ends so":    {good + "; exit 1", "CVE-2026-1", "", false},
		"fails":                 {"echo no list of weaknesses >&2; exit 1", "SCAN", "no list of weaknesses", false},
		"fails afterwards":      {good + "; exit 2", "CVE-2026-1 SCAN", "exit status 2", false},
		"no JSON":               {"echo 3 findings", "SCAN", "3 findings", false},
		"no severity":           {`echo '{"id":"CVE-2026-1"}'`, "SCAN", "CVE-2026-1", false},
		"another severity":      {`echo '{"id":"CVE-2026-1","severity":"bad"}'`, "SCAN", "bad", false},
		"half a line":           {good + `; echo '{"id":'`, "CVE-2026-1 SCAN", "no finding", false},
		"does not end":          {"sleep 100 & sleep 100", "SCAN", "within 1s", true},
		"is killed":             {"kill -9 $$", "SCAN", "killed", false},
		"prints without an end": {"yes", "SCAN", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			// Written before others fork: a child that has it open for writing would keep it from being run (golang/go#22315).
			s := scanner(t, c.script, 60)
			t.Parallel()
			begun := time.Now()
			if c.endless {
				s.Timeout = 1
			}
			all := s.scan(t.Context(), Observation{Containers: []container.Posture{{Name: "web", Service: "web", ImageID: "sha256:01", Digests: []string{"web@sha256:aa"}}, {Name: "web2", Service: "web", ImageID: "sha256:01", Digests: []string{"web@sha256:aa"}}}})
			if got := ids(all); !slices.Equal(got, strings.Fields(c.finds)) {
				t.Fatalf("it finds %q, want %q: %+v", got, c.finds, all)
			}
			for _, f := range all {
				if f.Unknown != (f.ID == scanID) || f.Subject != "web@sha256:aa" || f.Service != "web" || f.Severity != High {
					t.Errorf("finding %+v", f)
				}
				if f.ID == scanID && !strings.Contains(f.Text, c.says) {
					t.Errorf("it is told %q, want %q", f.Text, c.says)
				}
				if f.ID != scanID && f.Text != "libssl3: web@sha256:aa" {
					t.Errorf("it is told %q, want the image that the scanner was given", f.Text)
				}
			}
			if time.Since(begun) > 50*time.Second {
				t.Errorf("it took %s", time.Since(begun))
			}
		})
	}
	t.Run("is not there", func(t *testing.T) {
		o := Observation{Containers: []container.Posture{{Name: "web", ImageID: "sha256:01"}}}
		if all := (Scanner{Command: []string{"/nowhere/scan"}}).scan(t.Context(), o); len(all) != 1 || !all[0].Unknown || !strings.Contains(all[0].Text, "no such file") {
			t.Errorf("%+v", all)
		}
	})
	t.Run("dockerd is away", func(t *testing.T) {
		if all := scanner(t, "exit 0", 1).scan(t.Context(), Observation{DockerBad: "no dockerd"}); len(all) != 1 || !all[0].Unknown {
			t.Errorf("%+v", all)
		}
	})
}
