package servicecontainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMountPoints(t *testing.T) {
	points := mountPoints(`25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 25 0:26 / /srv/with\040space rw shared:9 - nfs4 store:/a rw
32 25 0:27 / /auto rw - autofs systemd-1 rw
33 25 0:27 / /both rw - autofs systemd-1 rw
34 33 8:2 /sub /both rw master:2 propagate_from:1 - xfs /dev/sdb rw
`)
	for path, want := range map[string]bool{"/": true, "/srv/with space": true, "/auto": false, "/both": true, "/srv": false} {
		if points[path] != want {
			t.Errorf("%s is a mount point: %v, want %v", path, points[path], want)
		}
	}
}

func TestMounted_names_the_path_that_is_not(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/proc", link); err != nil {
		t.Fatal(err)
	}
	if err := Mounted([]string{"/proc", link}); err != nil {
		t.Errorf("/proc and a link to it: %v", err)
	}
	for _, path := range []string{t.TempDir(), "/nowhere/at/all"} {
		if err := Mounted([]string{"/proc", path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("mounted of %s = %v, want an error that names it", path, err)
		}
	}
}
