package checkout

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Notices returns the licences of what packages of the checkout in root are linked with,
// built with the tags: Go's own library, and Go modules as they are in the module cache;
// nothing is downloaded. A Go module without a licence is an error. what is who is linked,
// with its verb: "Dnsd is".
func Notices(root, what, tags string, packages ...string) ([]byte, error) {
	goroot, err := Command(root, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	linked := map[string]string{} // name and version: folder
	for _, arch := range Architectures {
		args := []string{"list", "-deps", "-tags", tags, "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}"}
		out, err := Command(root, []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0", "GOPROXY=off"}, "go", append(args, packages...)...)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				linked[name] = dir
			}
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s linked with what follows, under these licences.\n", what)
	if err := notice(&b, "Go's standard library", strings.TrimSpace(goroot)); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(linked))
	for name := range linked {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := notice(&b, name, linked[name]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)(\.(md|txt))?$`)

// notice appends the licences that are in the folder dir.
func notice(b *bytes.Buffer, name, dir string) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return fmt.Errorf("read the licence of %s: %w", name, err)
	}
	found := false
	for _, e := range entries {
		if !licence.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("read the licence of %s: %w", name, err)
		}
		found = true
		fmt.Fprintf(b, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("-", 78), name, e.Name(), bytes.TrimSpace(text))
	}
	if !found {
		return fmt.Errorf("read the licence of %s: there is none in %s", name, dir)
	}
	return nil
}
