package lab

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// A base is a folder that hosts' roots lie on, read-only: "bare" is a Debian
// host as an administrator gets it; "prepared" has what site.yml installs.
// Beside them "packages" is a flat repository of the packages a bare host
// lacks, which stands in for the Debian archive.

// Flavour says which base hosts are made from.
type Flavour string

const (
	Bare     Flavour = "bare"
	Prepared Flavour = "prepared"
)

// The packages of the two bases, and those that hosts can install besides.
var (
	barePackages = []string{
		"busybox-static", "iproute2", "iputils-ping", "netbase", "openssh-server", "procps", "python3", "sysvinit-core",
	}
	preparedPackages = []string{
		"bind9-dnsutils", "ca-certificates", "containerd", "curl", "docker-registry", "docker.io", "etcd-client",
		"etcd-server", "iptables", "nftables", "runc", "runit", "runit-run", "sudo",
	}
	offeredPackages = []string{"git", "haproxy", "nginx-light", "python3-apt", "tcpdump"}
)

// preparedFor returns the packages of a release's prepared hosts: since trixie
// the docker command has a package of its own.
func preparedFor(release string) []string {
	if release == "bullseye" || release == "bookworm" {
		return preparedPackages
	}
	return slices.Concat(preparedPackages, []string{"docker-cli"})
}

// recipe holds what makes a base out of plain packages.
//
//go:embed recipe
var recipe embed.FS

// builderVersion counts changes of builder.go that make other bases.
const builderVersion = "1"

// fingerprint names the base made from the given release of a mirror: it
// changes with anything that the base is made of, but not with the archive.
func fingerprint(release, mirror string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, builderVersion, release, mirror, runtime.GOARCH, barePackages, preparedFor(release), offeredPackages)
	err := fs.WalkDir(recipe, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := recipe.ReadFile(path)
		fmt.Fprintf(sum, "%s %d %s\n", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the recipe of the base: %w", err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6]), nil
}

// base returns the folder that holds bare, prepared and packages of a release.
func (l *Lab) base(release string) (string, error) {
	id, err := fingerprint(release, l.Mirror)
	if err != nil {
		return "", err
	}
	for {
		dir, err := l.cached(id, release, builder.build)
		if err != nil {
			return "", err
		}
		// Its time keeps it from being pruned while it is put to use.
		now := time.Now()
		err = os.Chtimes(dir, now, now)
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned before that
		}
		if err != nil {
			return "", fmt.Errorf("use the base: %w", err)
		}
		return dir, nil
	}
}

// cached returns the folder name of the cache, having build fill it from a
// release first if there is none. A build that is killed leaves nothing that a
// later one takes for finished.
func (l *Lab) cached(name, release string, build func(builder) error) (string, error) {
	done := filepath.Join(l.Cache, name)
	if exists(done) {
		return done, nil
	}
	if err := os.MkdirAll(l.Cache, 0o755); err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	unlock, err := lock(filepath.Join(l.Cache, "lock"), func() { l.Progress("waiting for another build of the base") })
	if err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	defer unlock()
	if exists(done) {
		return done, nil // built while we waited
	}
	// We hold the lock: a build that is not finished never will be.
	stale, err := filepath.Glob(filepath.Join(l.Cache, "building-*"))
	if err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	for _, dir := range stale {
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("remove an unfinished base: %w", err)
		}
	}
	building := filepath.Join(l.Cache, "building-"+name)
	if err := os.Mkdir(building, 0o755); err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	logPath := filepath.Join(l.Cache, "build.log")
	log, err := os.Create(logPath)
	if err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	defer log.Close()
	if err := build(builder{dir: building, log: log, release: release, mirror: l.Mirror, progress: l.Progress}); err != nil {
		return "", fmt.Errorf("build the base: %w; see %s", err, logPath)
	}
	if err := os.Rename(building, done); err != nil {
		return "", fmt.Errorf("build the base: %w", err)
	}
	l.prune()
	return done, nil
}
