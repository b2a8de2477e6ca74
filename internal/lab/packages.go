package lab

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// flatIndex returns the Packages file of a flat repository that holds the
// given .deb files: their stanzas of available (what apt-cache dumpavail
// prints), each with the name it is served under.
//
// Source: https://wiki.debian.org/DebianRepository/Format
func flatIndex(available string, files []string) (string, error) {
	left := make(map[string]bool)
	for _, f := range files {
		left[f] = true
	}
	var stanzas []string
	for stanza := range strings.SplitSeq(available, "\n\n") {
		fields := make(map[string]string)
		for line := range strings.Lines(stanza) {
			if key, value, ok := strings.Cut(line, ": "); ok && key != "" && key[0] != ' ' {
				fields[key] = strings.TrimSpace(value)
			}
		}
		file := debName(fields["Package"], fields["Version"], fields["Architecture"])
		if !left[file] {
			continue
		}
		delete(left, file)
		stanza = strings.Replace(stanza, "\nFilename: "+fields["Filename"]+"\n", "\nFilename: ./"+servedName(file)+"\n", 1)
		stanzas = append(stanzas, strings.Trim(stanza, "\n")+"\n")
	}
	if len(left) > 0 {
		var missing []string
		for file := range left {
			missing = append(missing, file)
		}
		slices.Sort(missing)
		return "", fmt.Errorf("index packages: apt does not describe %s", strings.Join(missing, ", "))
	}
	return strings.Join(stanzas, "\n"), nil
}

// debName returns the name under which apt keeps a package it has fetched.
func debName(name, version, arch string) string {
	return name + "_" + strings.ReplaceAll(version, ":", "%3a") + "_" + arch + ".deb"
}

// servedName returns the name of a fetched package in the repository: without
// the escaped colon of an epoch, which URLs would have to escape again.
func servedName(file string) string { return strings.ReplaceAll(file, "%3a", ".") }

// flatRelease returns the Release file of a flat repository with the index
// packages.
func flatRelease(packages string) string {
	return fmt.Sprintf("Origin: rundock lab\nSuite: lab\nSHA256:\n %x %d Packages\n", sha256.Sum256([]byte(packages)), len(packages))
}
