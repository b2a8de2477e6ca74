package supervisor

import (
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
