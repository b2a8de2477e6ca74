package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/flock"
	"rundock/internal/pause"
	"rundock/internal/preview"
)

// Folder are the mirrors of one host.
type Folder struct {
	Path     string
	Limit    int64         // bytes that one mirror may have; 0 is 4 GiB
	Patience time.Duration // for one call of git's; 0 is 10 minutes
}

const (
	defaultLimit    = 4 << 30
	defaultPatience = 10 * time.Minute

	// headsAtMost is how much a server may say of its branches, in bytes: some 100,000 of them.
	headsAtMost = 16 << 20
)

// ErrNoBranch is a branch that the repository does not have, or no longer.
var ErrNoBranch = errors.New("the repository has no such branch")

// ErrTooLarge is a repository beyond the limit.
var ErrTooLarge = errors.New("the repository is larger than allowed")

// commitForm is a commit, by SHA-1 or SHA-256.
var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// repoForm is what a repository may be called: its mirror is a file of that name.
var repoForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func (f Folder) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	patience := f.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	return context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done within %s", patience))
}

// Heads asks a repository for its branches, and returns the commits that they are at.
// What git lists that cannot be a branch is left out.
func (f Folder) Heads(ctx context.Context, s Source) (map[string]string, error) {
	if err := preview.CheckURL(s.URL); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return nil, err
	}
	ctx, cancel := f.patient(ctx)
	defer cancel()
	out, err := run(f.git(ctx, f.Path, s, "ls-remote", "--heads", "--", s.URL), headsAtMost)
	if err != nil {
		return nil, fmt.Errorf("branches of %s: %w", s.URL, why(ctx, err))
	}
	return parseHeads(string(out)), nil
}

// parseHeads reads what ls-remote prints.
func parseHeads(text string) map[string]string {
	heads := map[string]string{}
	for line := range strings.Lines(text) {
		commit, ref, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		branch, ok := strings.CutPrefix(ref, "refs/heads/")
		if ok && commitForm.MatchString(commit) && preview.CheckBranch(branch) == nil {
			heads[branch] = commit
		}
	}
	return heads
}

// Fetch brings the newest commit of a branch into the mirror of repo, without its
// history, and returns that commit. One call at a time works on a mirror; others wait. Where the mirror
// would get larger than the limit, the call ends with ErrTooLarge and the mirror goes.
func (f Folder) Fetch(ctx context.Context, repo string, s Source, branch string) (commit string, err error) {
	if err := errors.Join(checkRepo(repo), preview.CheckURL(s.URL), preview.CheckBranch(branch)); err != nil {
		return "", err
	}
	ctx, cancel := f.patient(ctx)
	defer cancel()
	lock, err := f.lock(ctx, repo)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	dir := f.dir(repo)
	if err := f.ready(ctx, dir); err != nil {
		return "", err
	}
	ref := "refs/heads/" + branch
	// A branch a that is gone would be in the way of a/b.
	if err := f.removeObstacles(ctx, dir, branch); err != nil {
		return "", err
	}
	args := []string{"fetch", "--quiet", "--force", "--no-tags", "--depth=1", "--no-write-fetch-head", "--no-auto-gc", "--", s.URL, "+" + ref + ":" + ref}
	if err := f.withinLimit(ctx, dir, func(ctx context.Context) error { _, err := run(f.git(ctx, dir, s, args...), 1<<20); return err }); err != nil {
		if strings.Contains(err.Error(), "couldn't find remote ref") {
			err = ErrNoBranch
		}
		return "", fmt.Errorf("fetch branch %s of %s: %w", branch, s.URL, err)
	}
	out, err := run(f.git(ctx, dir, Source{}, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}"), 1<<10)
	if err != nil {
		return "", fmt.Errorf("commit of branch %s of %s: %w", branch, s.URL, why(ctx, err))
	}
	// What no branch has any more goes after a day: somebody may be at it.
	run(f.git(ctx, dir, Source{}, "-c", "gc.auto=1000", "-c", "gc.pruneExpire=1.day.ago", "gc", "--auto", "--quiet"), 1<<20)
	return strings.TrimSpace(string(out)), nil
}

func checkRepo(repo string) error {
	if !repoForm.MatchString(repo) {
		return fmt.Errorf("repository %q: want a-z, 0-9 and -, neither the first nor the last a -", repo)
	}
	return nil
}

func (f Folder) dir(repo string) string { return filepath.Join(f.Path, repo+".git") }

// lock waits until nobody else works on a mirror.
func (f Folder) lock(ctx context.Context, repo string) (*os.File, error) {
	for {
		file, err := f.tryLock(repo)
		if file != nil {
			return file, nil
		}
		if err == nil {
			err = pause.For(ctx, 100*time.Millisecond)
		}
		if err != nil {
			return nil, fmt.Errorf("wait for the mirror of %s, which another has: %w", repo, err)
		}
	}
}

// tryLock is lock, and nil where somebody else works on the mirror.
func (f Folder) tryLock(repo string) (*os.File, error) {
	file, err := flock.Open(filepath.Join(f.Path, repo+".lock"))
	if err != nil {
		return nil, err
	}
	if free, err := flock.TryLock(file); !free {
		file.Close()
		return nil, err
	}
	return file, nil
}

// ready makes the mirror where there is none, or a killed call left half of one, and
// removes what a killed fetch left in it.
func (f Folder) ready(ctx context.Context, dir string) error {
	if out, err := run(f.git(ctx, f.Path, Source{}, "--git-dir="+dir, "rev-parse", "--is-bare-repository"), 1<<10); err != nil || strings.TrimSpace(string(out)) != "true" {
		if err := errors.Join(why(ctx, nil), os.RemoveAll(dir)); err != nil {
			return err
		}
		if _, err := run(f.git(ctx, f.Path, Source{}, "init", "--quiet", "--bare", "--template=", "--", dir), 1<<10); err != nil {
			return fmt.Errorf("make mirror %s: %w", dir, why(ctx, err))
		}
	}
	// Nobody else is at it, as we have the lock.
	for _, pattern := range []string{"objects/pack/tmp_*", "objects/tmp_*", "shallow.lock", "packed-refs.lock", "config.lock"} {
		left, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range left {
			os.RemoveAll(path)
		}
	}
	return filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".lock") {
			err = os.Remove(path)
		}
		return err
	})
}

// removeObstacles deletes branches of the mirror that are part of the path of branch,
// or the other way round: git keeps a branch as a file.
func (f Folder) removeObstacles(ctx context.Context, dir, branch string) error {
	return f.removeBranches(ctx, dir, func(other string) bool {
		return strings.HasPrefix(branch, other+"/") || strings.HasPrefix(other, branch+"/")
	})
}

// removeBranches deletes branches of the mirror.
func (f Folder) removeBranches(ctx context.Context, dir string, which func(branch string) bool) error {
	out, err := run(f.git(ctx, dir, Source{}, "for-each-ref", "--format=%(refname)", "refs/heads/"), headsAtMost)
	if err != nil {
		return fmt.Errorf("branches of mirror %s: %w", dir, why(ctx, err))
	}
	for ref := range strings.Lines(string(out)) {
		ref = strings.TrimSpace(ref)
		branch := strings.TrimPrefix(ref, "refs/heads/")
		if !which(branch) {
			continue
		}
		if _, err := run(f.git(ctx, dir, Source{}, "update-ref", "-d", ref), 1<<10); err != nil {
			return fmt.Errorf("remove branch %s of mirror %s: %w", branch, dir, why(ctx, err))
		}
	}
	return nil
}

// withinLimit has do work on the mirror, as long as that is not too large.
func (f Folder) withinLimit(ctx context.Context, dir string, do func(context.Context) error) error {
	limit := f.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watch sync.WaitGroup
	watch.Go(func() {
		for pause.For(within, 200*time.Millisecond) == nil {
			if size(dir) > limit {
				cancel(ErrTooLarge)
			}
		}
	})
	err := why(within, do(within))
	if err == nil && size(dir) > limit {
		err = ErrTooLarge
	}
	cancel(nil)
	watch.Wait()
	if errors.Is(err, ErrTooLarge) {
		err = errors.Join(fmt.Errorf("%w: %d bytes", err, limit), os.RemoveAll(dir))
	}
	return err
}

// size is that of the files below dir, in bytes.
func size(dir string) (total int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil // a file that goes away meanwhile counts for nothing
	})
	return total
}

// Drop removes a branch from the mirror of a repository, if it has it. What no other branch has goes
// some time after that. While somebody else works on the mirror nothing is removed, which is for Keep to do later.
func (f Folder) Drop(ctx context.Context, repo, branch string) error {
	if err := errors.Join(checkRepo(repo), preview.CheckBranch(branch)); err != nil {
		return err
	}
	if _, err := os.Stat(f.dir(repo)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := f.tryLock(repo)
	if lock == nil {
		return err
	}
	defer lock.Close()
	ctx, cancel := f.patient(ctx)
	defer cancel()
	if err := f.ready(ctx, f.dir(repo)); err != nil {
		return err
	}
	if _, err := run(f.git(ctx, f.dir(repo), Source{}, "update-ref", "-d", "refs/heads/"+branch), 1<<10); err != nil {
		return fmt.Errorf("remove branch %s of the mirror of %s: %w", branch, repo, why(ctx, err))
	}
	return nil
}

// Keep removes from the mirror of a repository all branches but those that needed returns, and the mirror where these are none.
// needed is called once nobody else can fetch into it. While somebody else works on the mirror nothing is removed. The files of
// a commit that was fetched stay for a day as long as there is the mirror, so that who needs a branch of it may be at an older one.
func (f Folder) Keep(ctx context.Context, repo string, needed func() ([]string, error)) error {
	if err := checkRepo(repo); err != nil {
		return err
	}
	lock, err := f.tryLock(repo)
	if lock == nil {
		return err
	}
	defer lock.Close()
	branches, err := needed()
	if err != nil {
		return err
	}
	dir := f.dir(repo)
	if len(branches) == 0 {
		return os.RemoveAll(dir)
	}
	ctx, cancel := f.patient(ctx)
	defer cancel()
	if err := f.ready(ctx, dir); err != nil {
		return err
	}
	return f.removeBranches(ctx, dir, func(branch string) bool { return !slices.Contains(branches, branch) })
}

// why is err, or why ctx has ended, which then is the reason for it.
func why(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
