package container

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/spec"
)

func TestAnonymousVolumes(t *testing.T) {
	anonymous, other := strings.Repeat("a0", 32), strings.Repeat("b1", 32)
	for _, c := range []struct {
		name    string
		volumes map[string]string
		args    string
		want    []string
	}{
		{"no volume", nil, "", nil},
		{"the image's", map[string]string{"/data": anonymous, "/a": anonymous}, "", []string{"/a", "/data"}},
		{"a named one", map[string]string{"/data": "data"}, "-v data:/data", nil},
		{"one with a long name", map[string]string{"/data": strings.Repeat("g", 64)}, "-v xx:/data", nil},
		{"an anonymous one that was asked for", map[string]string{"/data": anonymous}, "-v /data", nil},
		{"the same by --mount", map[string]string{"/data": anonymous}, "--mount target=/data", nil},
		{"another container's", map[string]string{"/data": other}, "--volumes-from x", nil},
		{"one of both", map[string]string{"/data": other, "/more": anonymous}, "--volumes-from x", []string{"/more"}},
	} {
		want, err := spec.ParseArgs(c.args)
		if err != nil {
			t.Fatal(err)
		}
		if got := anonymousVolumes(c.volumes, want, map[string]bool{other: true}); !slices.Equal(got, c.want) {
			t.Errorf("%s: paths are %q, want %q", c.name, got, c.want)
		}
	}
}
