package certificates

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"rundock/internal/control"
)

// dnsd, which is no root, reads files beside the authority's folder.
func TestAuthority_of_a_host_without_a_folder_of_rundocks(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	above := filepath.Join(t.TempDir(), "rundock")
	dir := filepath.Join(above, "ca")
	h := host{authority: dir, now: start}
	if _, err := h.makeAuthority(control.CertRequest{Op: control.CertAuthority, Title: "test"}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{above: 0o755, dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if err := os.Chmod(above, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := folder(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(above); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("a folder that was there has mode %v, %v", info.Mode(), err)
	}
}
