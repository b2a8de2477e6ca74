package overlayhost

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/overlay"
)

func TestReadSaved_names_a_file_that_is_damaged(t *testing.T) {
	n := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}
	path := filepath.Join(t.TempDir(), "apps.json")
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := "read what is known of network apps: " + path + ": unexpected end of JSON input"
	if _, err := ReadSaved(filepath.Dir(path), n); err == nil || err.Error() != want {
		t.Errorf("ReadSaved = %v, want %s", err, want)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSaved(filepath.Dir(path), n); err == nil || strings.Count(err.Error(), path) != 1 {
		t.Errorf("ReadSaved of a folder = %v, want its path, once", err)
	}
}
