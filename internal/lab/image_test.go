package lab

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

func archiveOf(t *testing.T, images []image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeArchive(&b, images); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func filesOf(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for in := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := in.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[h.Name]; twice {
			t.Errorf("%s is twice in the archive", h.Name)
		}
		if files[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriteArchive(t *testing.T) {
	images := testImages([]byte("app"), []byte("busybox"), []string{"busybox", "sh"})
	archive := archiveOf(t, images)
	t.Run("the same images give the same bytes", func(t *testing.T) {
		if !bytes.Equal(archive, archiveOf(t, images)) {
			t.Error("two archives of the same images differ")
		}
	})
	files := filesOf(t, archive)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatalf("manifest.json: %v", err)
	}
	t.Run("every name has two tags, which are different images", func(t *testing.T) {
		if len(manifest) != 2*5 {
			t.Fatalf("%d images, want 10", len(manifest))
		}
		configs := make(map[string]string)
		for _, m := range manifest {
			if other, taken := configs[m.Config]; taken {
				t.Errorf("%s and %s are one image", m.RepoTags, other)
			}
			configs[m.Config] = m.RepoTags[0]
		}
	})
	t.Run("every image names its layer and itself by content", func(t *testing.T) {
		for _, m := range manifest {
			var config struct {
				RootFS struct {
					DiffIDs []string `json:"diff_ids"`
				} `json:"rootfs"`
			}
			if err := json.Unmarshal(files[m.Config], &config); err != nil {
				t.Fatalf("%s: %v", m.RepoTags, err)
			}
			if want := fmt.Sprintf("%x.json", sha256.Sum256(files[m.Config])); m.Config != want {
				t.Errorf("%s: configuration %s, want %s", m.RepoTags, m.Config, want)
			}
			want := fmt.Sprintf("sha256:%x", sha256.Sum256(files[m.Layers[0]]))
			if len(config.RootFS.DiffIDs) != 1 || config.RootFS.DiffIDs[0] != want {
				t.Errorf("%s: diff_ids %s, want %s", m.RepoTags, config.RootFS.DiffIDs, want)
			}
		}
	})
	t.Run("only influxdb and never-healthy check their health", func(t *testing.T) {
		for _, img := range images {
			name := img.Config.Labels["rundock.test"]
			want := name[:4] == "infl" || name[:4] == "neve"
			if got := img.Config.Healthcheck != nil; got != want {
				t.Errorf("%s: has a health check: %v, want %v", name, got, want)
			}
		}
	})
}
