package collection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// entry is a file or folder in FILES.json. A folder has no checksum.
type entry struct {
	Name     string  `json:"name"`
	Type     string  `json:"ftype"`
	SumType  *string `json:"chksum_type"`
	Checksum *string `json:"chksum_sha256"`
	Format   int     `json:"format"`
}

// information is what MANIFEST.json says of the collection.
type information struct {
	Namespace     string            `json:"namespace"`
	Name          string            `json:"name"`
	Version       string            `json:"version"`
	Authors       []string          `json:"authors"`
	Readme        string            `json:"readme"`
	Tags          []string          `json:"tags"`
	Description   string            `json:"description"`
	License       []string          `json:"license"`
	LicenseFile   *string           `json:"license_file"`
	Dependencies  map[string]string `json:"dependencies"`
	Repository    *string           `json:"repository"`
	Documentation *string           `json:"documentation"`
	Homepage      *string           `json:"homepage"`
	Issues        *string           `json:"issues"`
}

// withManifest returns files with MANIFEST.json and FILES.json before them.
func withManifest(files []File, version string) ([]File, error) {
	list := []entry{{Name: ".", Type: "dir", Format: 1}}
	for _, dir := range folders(files) {
		list = append(list, entry{Name: dir, Type: "dir", Format: 1})
	}
	for _, f := range files {
		list = append(list, fileEntry(f.Path, f.Data))
	}
	listed, err := indented(map[string]any{"files": list, "format": 1})
	if err != nil {
		return nil, fmt.Errorf("write FILES.json: %w", err)
	}
	namespace, name, _ := strings.Cut(Name, ".")
	manifest, err := indented(map[string]any{
		"collection_info": information{
			Namespace:    namespace,
			Name:         name,
			Version:      version,
			Authors:      []string{"rundock"},
			Readme:       "README.md",
			Tags:         []string{"docker", "containers", "dns", "runit", "etcd"},
			Description:  "Containers as services on plain Docker hosts, which find each other by DNS",
			License:      []string{},
			Dependencies: map[string]string{},
		},
		"file_manifest_file": fileEntry("FILES.json", listed),
		"format":             1,
	})
	if err != nil {
		return nil, fmt.Errorf("write MANIFEST.json: %w", err)
	}
	return append([]File{{Path: "MANIFEST.json", Data: manifest}, {Path: "FILES.json", Data: listed}}, files...), nil
}

func fileEntry(name string, data []byte) entry {
	sum := sha256.Sum256(data)
	kind, text := "sha256", hex.EncodeToString(sum[:])
	return entry{Name: name, Type: "file", SumType: &kind, Checksum: &text, Format: 1}
}

// folders returns the folders that files are in, sorted: each after the one it is in.
func folders(files []File) []string {
	var list []string
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			list = append(list, dir)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func indented(value any) ([]byte, error) {
	data, err := json.MarshalIndent(value, "", " ")
	return append(data, '\n'), err
}
