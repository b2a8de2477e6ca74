package ctl

import (
	"os"
	"path/filepath"
	"testing"

	"rundock/internal/control"
)

// A standby that is made the slot's main host is still a standby by its status until
// its runner has read so.
func TestStandbyOfOtherFilesIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	write := func(role string) {
		for name, text := range map[string]string{"run": "#!/bin/sh\n", "service.json": `{"role":"` + role + `"}`} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("standby")
	says := control.RunnerStatus{Service: "shop-db-1", PID: 7, Phase: control.Standby, Digest: control.Digest(dir, control.RunnerReads)}
	if why := stale(says, dir, true); why != "" {
		t.Errorf("of a runner that lives and has read the files there are: %q", why)
	}
	if why := stale(says, dir, false); why == "" {
		t.Error("a runner that is gone is believed")
	}
	write("main")
	if why := stale(says, dir, true); why == "" {
		t.Error("a runner that has read other files is believed")
	}
}
