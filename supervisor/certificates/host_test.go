package certificates

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

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

// TestAuthority_appears_whole, so that who is killed meanwhile leaves no certificate without its key.
func TestAuthority_appears_whole(t *testing.T) {
	for what, before := range map[string][]string{"no folder": nil, "an empty folder": {"ca"}, "what was interrupted": {".ca.new", "ca"}} {
		above := t.TempDir()
		for _, name := range before {
			if err := os.Mkdir(filepath.Join(above, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		happens := watch(t, above)
		h := host{authority: filepath.Join(above, "ca"), now: start}
		if _, err := h.makeAuthority(control.CertRequest{Op: control.CertAuthority, Title: "test"}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		events := slices.DeleteFunc(happens(), func(e string) bool { return !strings.HasPrefix(e, "ca ") })
		want := []string{"ca moved here"}
		if len(before) > 0 {
			want = []string{"ca deleted", "ca moved here"}
		}
		if !slices.Equal(events, want) {
			t.Errorf("%s: %v, want %v", what, events, want)
		}
		if _, _, err := h.readAuthority(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// watch returns a function that says what happened in the folder dir since: the names, and what with each.
func watch(t *testing.T, dir string) func() []string {
	t.Helper()
	const made, deleted, moved = syscall.IN_CREATE, syscall.IN_DELETE, syscall.IN_MOVED_TO
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if _, err := syscall.InotifyAddWatch(fd, dir, made|deleted|moved); err != nil {
		t.Fatal(err)
	}
	return func() (events []string) {
		t.Helper()
		buffer := make([]byte, 1<<16)
		n, err := syscall.Read(fd, buffer)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < n; {
			e := (*syscall.InotifyEvent)(unsafe.Pointer(&buffer[at]))
			at += syscall.SizeofInotifyEvent
			name, _, _ := strings.Cut(string(buffer[at:at+int(e.Len)]), "\x00")
			at += int(e.Len)
			for mask, does := range map[uint32]string{made: "made", deleted: "deleted", moved: "moved here"} {
				if e.Mask&mask != 0 {
					events = append(events, name+" "+does)
				}
			}
		}
		return events
	}
}
