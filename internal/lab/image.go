package lab

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// image is one image to be built without a Docker daemon: a single layer and
// the configuration that docker run starts from.
type image struct {
	Tags   []string // complete references
	Layer  []layerFile
	Config imageConfig
}

// layerFile is a file of a layer, a link if Link is set.
type layerFile struct {
	Path string // without leading slash
	Mode int64
	Data []byte
	Link string
}

// imageConfig is the part of the OCI image configuration that test images
// use, with Docker's extension for health checks. Durations are nanoseconds.
//
// Source: the OCI image specification, config.md; Docker's image
// specification v1.3.
type imageConfig struct {
	Env          []string            `json:"Env,omitempty"`
	Entrypoint   []string            `json:"Entrypoint,omitempty"`
	Cmd          []string            `json:"Cmd,omitempty"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	Healthcheck  *healthcheck        `json:"Healthcheck,omitempty"`
	Labels       map[string]string   `json:"Labels,omitempty"`
}

type healthcheck struct {
	Test          []string
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

// imageEpoch is the date of everything in an image: equal input gives an
// equal image.
var imageEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// writeArchive writes images as one archive for docker load. A layer that
// several share is in it once.
//
// Source: Docker's image specification v1.2, "combined image JSON + filesystem
// changeset format".
func writeArchive(w io.Writer, images []image) error {
	type entry struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	var manifest []entry
	var written []string
	out := tar.NewWriter(w)
	put := func(name string, data []byte) error {
		if slices.Contains(written, name) {
			return nil
		}
		written = append(written, name)
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: imageEpoch, Format: tar.FormatPAX}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		_, err := out.Write(data)
		return err
	}
	for _, img := range images {
		layer, err := layerTar(img.Layer)
		if err != nil {
			return fmt.Errorf("layer of %s: %w", img.Tags, err)
		}
		digest := fmt.Sprintf("%x", sha256.Sum256(layer))
		config, err := json.Marshal(map[string]any{
			"architecture": runtime.GOARCH,
			"os":           "linux",
			"created":      imageEpoch,
			"config":       img.Config,
			"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
			"history":      []map[string]any{{"created": imageEpoch, "created_by": "rundock lab"}},
		})
		if err != nil {
			return fmt.Errorf("configuration of %s: %w", img.Tags, err)
		}
		e := entry{Config: fmt.Sprintf("%x.json", sha256.Sum256(config)), RepoTags: img.Tags, Layers: []string{digest + "/layer.tar"}}
		if err := put(e.Layers[0], layer); err != nil {
			return err
		}
		if err := put(e.Config, config); err != nil {
			return err
		}
		manifest = append(manifest, e)
	}
	list, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	if err := put("manifest.json", list); err != nil {
		return err
	}
	return out.Close()
}

// layerTar returns files as a layer.
func layerTar(files []layerFile) ([]byte, error) {
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for _, f := range files {
		header := &tar.Header{Name: f.Path, Mode: f.Mode, Size: int64(len(f.Data)), ModTime: imageEpoch, Format: tar.FormatPAX}
		switch {
		case f.Link != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, f.Link
		case f.Path[len(f.Path)-1] == '/':
			header.Typeflag = tar.TypeDir
		}
		if err := out.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		if _, err := out.Write(f.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return b.Bytes(), out.Close()
}
