package debian

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// packagedFiles has a folder for each package: control/ for dpkg's scripts, root/ for what
// it installs.
//
//go:embed files
var packagedFiles embed.FS

// maintainer is whom dpkg names: the project gives no address of a person.
const maintainer = "rundock <rundock@localhost.localdomain>"

// packaged returns the files of a package that are kept as they are, and dnsd's unit.
func (s Source) packaged(p Package) (files []file, err error) {
	root := "files/" + p.Name + "/root"
	err = fs.WalkDir(packagedFiles, root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := packagedFiles.ReadFile(path)
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(data, []byte("#!")) {
			mode = 0o755
		}
		files = append(files, file{strings.TrimPrefix(path, root+"/"), mode, data})
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("read what package %s installs: %w", p.Name, err)
	}
	if p.Name == "dnsd" {
		unit, err := os.ReadFile(filepath.Join(s.Root, "dnsd", "dnsd.service"))
		if err != nil {
			return nil, fmt.Errorf("read dnsd's unit: %w", err)
		}
		files = append(files, file{"usr/lib/systemd/system/dnsd.service", 0o644, unit})
	}
	return files, nil
}

// version is the commit's as Debian orders it: of two commits the later is newer, and a
// release is newer than all before it.
func (s Source) version() string { return strings.Replace(s.Version, "-", "~", 1) }

// control is what dpkg is told of a package of these files.
func (s Source) control(p Package, arch string, files []file) string {
	size := 0
	for _, f := range files {
		size += (len(f.data) + 1023) / 1024
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %d\n", p.Name, s.version(), arch, maintainer, size)
	fmt.Fprintf(&b, "Depends: %s\nRecommends: %s\nSection: admin\nPriority: optional\n", p.Needs, p.Goes)
	fmt.Fprintf(&b, "Description: %s\n %s\n", p.Short, strings.Join(lines(p.Long, 76), "\n "))
	return b.String()
}

// conffiles are the files that an administrator may change: dpkg keeps his.
func conffiles(files []file) string {
	var b strings.Builder
	for _, f := range files {
		if strings.HasPrefix(f.path, "etc/") {
			fmt.Fprintf(&b, "/%s\n", f.path)
		}
	}
	return b.String()
}

func sums(files []file) string {
	var b strings.Builder
	for _, f := range files {
		if !strings.HasPrefix(f.path, "etc/") {
			fmt.Fprintf(&b, "%x  %s\n", md5.Sum(f.data), f.path)
		}
	}
	return b.String()
}

var mark = regexp.MustCompile("[`*]|\\[([^]]*)\\]\\([^)]*\\)")

// changelog has the newest changes of CHANGELOG.md as Debian writes them.
func (s Source) changelog(p Package, changes string) string {
	_, newest, _ := strings.Cut(changes, "\n## ")
	newest, _, _ = strings.Cut(newest, "\n## ")
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) unstable; urgency=medium\n\n", p.Name, s.version())
	for _, point := range strings.Split(newest, "\n- ")[1:] {
		text := mark.ReplaceAllString(strings.Join(strings.Fields(point), " "), "$1")
		fmt.Fprintf(&b, "  * %s\n", strings.Join(lines(text, 74), "\n    "))
	}
	fmt.Fprintf(&b, "\n -- %s  %s\n", maintainer, s.Time.Format(time.RFC1123Z))
	return b.String()
}

// copyright names where the licences are.
func (s Source) copyright(p Package) string {
	return fmt.Sprintf(`%s is a part of rundock.

Copyright (C) %d the authors of rundock.

Its programs are linked with Go's standard library and with Go modules of
others. Their copyrights and licences, in full, are in
/usr/share/doc/%s/NOTICES.gz.

On Debian the Apache License, version 2.0, is in
/usr/share/common-licenses/Apache-2.0, and the Mozilla Public License,
version 2.0, in /usr/share/common-licenses/MPL-2.0.
`, p.Name, s.Time.Year(), p.Name)
}

// overrides are what lintian need not say, and why.
func overrides(p Package) string {
	return fmt.Sprintf(`# Service directories on hosts name programs in /usr/local/bin, where site.yml
# has them; programs of the same bytes at the same place need not be sent.
%[1]s: dir-in-usr-local *
%[1]s: file-in-usr-local *
%[1]s: file-in-unusual-dir [usr/local/bin/*]
# Go's programs are linked into one file, by design.
%[1]s: statically-linked-binary *
# The project gives no address of a person.
%[1]s: bogus-mail-host *
%[1]s: bogus-mail-host-in-debian-changelog *
# The package is of rundock's own, and closes no bug of Debian's.
%[1]s: initial-upload-closes-no-bugs *
`, p.Name)
}

// lines breaks text into lines of at most width bytes, but for longer words.
func lines(text string, width int) (list []string) {
	for _, word := range strings.Fields(text) {
		if n := len(list); n > 0 && len(list[n-1])+1+len(word) <= width {
			list[n-1] += " " + word
		} else {
			list = append(list, word)
		}
	}
	return list
}

// compressed is data as gzip -9n has it.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
