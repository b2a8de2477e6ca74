package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestRequiredMounts keeps a container from starting before its disk is
// mounted, each time.
func TestRequiredMounts(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "disk")
	s.sh(t, back1, "mkdir -p /srv/disk")
	t.Cleanup(func() { s.sh(t, back1, "umount /srv/disk 2>/dev/null; rmdir /srv/disk") })
	call := `{"state":"enabled","name":"disk","image":"` + images + `busybox:latest","stop_timeout":1,"args":"-v /srv/disk:/data -- sleep 3600","requires_mounts":["/srv/disk"],"wait_timeout":`
	r := s.rundock(t, back1, call+"3}")
	if want := "disk is not running after 3s: waiting: requires_mounts: /srv/disk is no mount point"; !r.Failed || !strings.Contains(r.Msg, want) {
		t.Errorf("without the mount: failed=%v, %s; want %s", r.Failed, r.Msg, want)
	}
	if id := s.id(t, back1, "disk"); id != "" {
		t.Errorf("container %s runs without its disk", id)
	}
	s.sh(t, back1, "mount -t tmpfs none /srv/disk")
	s.install(t, back1, call+"60}")
	s.sh(t, back1, "umount -l /srv/disk; docker kill disk")
	await.Empty(t, "the runner waits for the disk", func() string {
		if got := s.sh(t, back1, "cat /run/rundock/disk/runner.json"); !strings.Contains(got, `"phase":"waiting"`) {
			return heard(got)
		}
		return ""
	})
	s.sh(t, back1, "mount -t tmpfs none /srv/disk")
	await.Empty(t, "the container runs again", func() string {
		if s.id(t, back1, "disk") == "" {
			return heard(s.sh(t, back1, "cat /run/rundock/disk/runner.json"))
		}
		return ""
	})
}
