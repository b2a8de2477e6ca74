package supervisor

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"rundock/internal/fstree"
	"rundock/internal/spec"
)

func TestReadInstalled_reads_back_what_Files_wrote(t *testing.T) {
	announced := Announce{Announces: []Announcement{{Port: 8086}}}
	image := spec.Container{Image: "busybox", Env: map[string]string{"A": "b"}}
	secret := image
	secret.EnvSecrets = map[string]string{"TOKEN": "digest"}
	for name, s := range map[string]Service{
		"container":             {Name: "web", Container: image},
		"container and sidecar": {Name: "web", Container: image, Announce: announced, Log: Log{Size: 4096, Keep: 3}},
		"sidecar":               {Name: "web", Announce: announced, Log: Log{Keep: 2}},
		"secrets":               {Name: "web", Container: secret, Secrets: map[string]string{"TOKEN": "s3cret\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/docker-web"
			files, err := Files(s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fstree.Apply(dir, files, false); err != nil {
				t.Fatal(err)
			}
			back, err := ReadInstalled(dir)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Files(back)
			if err != nil || !reflect.DeepEqual(again, files) {
				t.Errorf("Files of what was read back = %v, %v; want the same files: %v", again, err, files)
			}
		})
	}
	if _, err := ReadInstalled(t.TempDir()); err == nil {
		t.Error("ReadInstalled of an empty folder succeeds")
	}
}

func TestNameOf_the_folder_of_a_runner(t *testing.T) {
	sv := t.TempDir()
	linked := filepath.Join(t.TempDir(), "service")
	if err := os.MkdirAll(filepath.Join(sv, "docker-shop-db-1/services/service"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(sv, "docker-shop-db-1"), linked); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Join(sv, "docker-shop-db-1"):                   "shop-db-1",
		filepath.Join(sv, "docker-shop-db-1/services/service"):  "shop-db-1",
		filepath.Join(linked, "services/service") + "/":         "shop-db-1",
		filepath.Join(sv, "docker-gone"):                        "gone",
		filepath.Join(sv, "dnsd"):                               "",
		filepath.Join(sv, "docker-"):                            "",
		filepath.Join(sv, "docker-shop-db-1/services/announce"): "",
	} {
		if got := NameOf(dir); got != want {
			t.Errorf("NameOf(%s) = %q, want %q", dir, got, want)
		}
	}
}
