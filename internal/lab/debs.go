package lab

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Debs returns a folder with the given packages of a Debian release as .deb
// files, without what they depend on. They are fetched into the cache when
// they are not there yet; cached ones stay as they are.
func (l *Lab) Debs(release string, packages ...string) (string, error) {
	list := strings.Join(packages, " ")
	sum := sha256.Sum256([]byte(l.Mirror + " " + list))
	return l.cached(fmt.Sprintf("debs-%s-%x", release, sum[:4]), release, func(b builder) error {
		b.progress("fetching %s of Debian %s", list, release)
		// apt of this machine, with lists of its own.
		apt := filepath.Join(b.dir, "apt")
		if err := os.MkdirAll(filepath.Join(apt, "lists/partial"), 0o755); err != nil {
			return err
		}
		source := fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", b.mirror, release)
		if err := os.WriteFile(filepath.Join(apt, "sources.list"), []byte(source), 0o644); err != nil {
			return err
		}
		const script = `cd "$1" && shift && for do in update "download $*"; do
			apt-get -q -o Dir::State="$PWD/apt" -o Dir::Cache="$PWD/apt" -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=- \
				-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false $do || exit
		done`
		if err := b.isolated("", append([]string{"sh", "-c", script, "sh", b.dir}, packages...)...); err != nil {
			return err
		}
		return os.RemoveAll(apt)
	})
}
