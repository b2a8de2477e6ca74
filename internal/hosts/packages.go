package hosts

import (
	"bytes"
	"slices"
)

// missing returns those of packages that are not installed, by the text of
// /var/lib/dpkg/status: paragraphs with lines such as
//
//	Package: runit
//	Status: install ok installed
//
// A package that is there for several architectures has a paragraph for each.
func missing(status []byte, packages []string) []string {
	if len(packages) == 0 {
		return nil
	}
	wanted := make(map[string]bool, len(packages))
	for _, p := range packages {
		wanted[p] = true
	}
	var name []byte
	for line := range bytes.Lines(status) {
		if after, ok := bytes.CutPrefix(line, []byte("Package: ")); ok {
			name = bytes.TrimSpace(after)
		} else if after, ok := bytes.CutPrefix(line, []byte("Status: ")); ok && bytes.HasSuffix(bytes.TrimSpace(after), []byte(" installed")) {
			delete(wanted, string(name))
		}
	}
	var list []string
	for _, p := range packages {
		if wanted[p] && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
