package lab

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bases of other recipes are kept for going back and forth between branches:
// the last few used, and any that somebody may be about to make hosts from.
const (
	keptBases  = 4 // two releases' of two branches
	recentBase = time.Hour
)

// oldBase is a base of the cache.
type oldBase struct {
	dir  string
	used time.Time // when hosts were last made from it
	busy bool      // a host has its root on it
}

// prunable returns the bases to remove. It is pure.
func prunable(bases []oldBase, now time.Time) []oldBase {
	byUse := slices.SortedFunc(slices.Values(bases), func(a, b oldBase) int {
		return cmp.Or(b.used.Compare(a.used), strings.Compare(a.dir, b.dir))
	})
	return slices.DeleteFunc(byUse[min(keptBases, len(byUse)):], func(b oldBase) bool {
		return b.busy || now.Sub(b.used) < recentBase
	})
}

// prune removes old bases. The cache is locked, so that none is being
// built. That one cannot be removed is only told.
func (l *Lab) prune() {
	bases, err := l.oldBases()
	if err != nil {
		l.Progress("old bases stay: %v", err)
		return
	}
	for _, b := range prunable(bases, time.Now()) {
		l.Progress("removing the base %s, last used %s", filepath.Base(b.dir), b.used.Format(time.DateOnly))
		// Under the name of one that is not finished, as it is not whole any more.
		gone := filepath.Join(l.Cache, "building-not-"+filepath.Base(b.dir))
		err := os.Rename(b.dir, gone)
		if err == nil {
			err = os.RemoveAll(gone)
		}
		if err != nil {
			l.Progress("an old base stays: %v", err)
		}
	}
}

// baseName is what fingerprint makes.
var baseName = regexp.MustCompile(`^[0-9a-f]{12}$`)

// oldBases returns the bases of the cache, whatever they were made from.
func (l *Lab) oldBases() ([]oldBase, error) {
	entries, err := os.ReadDir(l.Cache)
	if err != nil {
		return nil, err
	}
	mounts, err := allMounts()
	if err != nil {
		return nil, err
	}
	links, err := l.baseLinks()
	if err != nil {
		return nil, err
	}
	var bases []oldBase
	for _, e := range entries {
		dir := filepath.Join(l.Cache, e.Name())
		if !baseName.MatchString(e.Name()) || !exists(filepath.Join(dir, string(Bare))) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		// By its name, which is as unique as the base is: the path may be another's by a link.
		within := func(text string) bool { return strings.Contains(text, "/"+e.Name()+"/") }
		bases = append(bases, oldBase{dir: dir, used: info.ModTime(), busy: within(mounts) || slices.ContainsFunc(links, within)})
	}
	return bases, nil
}

// baseLinks are the bases of all labs' disks, also of those that are being
// made, and of hosts without power; and those that labs serve packages of.
func (l *Lab) baseLinks() ([]string, error) {
	disks, err := filepath.Glob(filepath.Join(l.State, "*", "hosts", "*", "base"))
	if err != nil {
		return nil, err
	}
	served, err := filepath.Glob(filepath.Join(l.State, "*", "packages", "*"))
	if err != nil {
		return nil, err
	}
	var links []string
	for _, link := range slices.Concat(disks, served) {
		to, err := os.Readlink(link)
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken down meanwhile
		}
		if err != nil {
			return nil, err
		}
		links = append(links, to)
	}
	return links, nil
}

// allMounts is /proc/PID/mountinfo of every mount namespace in which there is
// a process: the options of an overlay name its lower folders.
func allMounts() (string, error) {
	namespaces, err := filepath.Glob("/proc/[0-9]*/ns/mnt")
	if err != nil {
		return "", err
	}
	var all strings.Builder
	seen := map[string]bool{}
	for _, path := range namespaces {
		id, err := os.Readlink(path)
		if err != nil || seen[id] {
			continue // the process has ended
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(path)), "mountinfo"))
		if err != nil || len(text) == 0 {
			continue // as well; others of its namespace are asked
		}
		seen[id] = true
		all.Write(text)
	}
	if len(seen) == 0 {
		return "", errors.New("no process's mounts can be read in /proc")
	}
	return all.String(), nil
}
