package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/pause"

	"golang.org/x/sys/unix"
)

const (
	backupName  = "20060102T150405Z.db"
	backupAgain = 5 * time.Minute // after one that failed
	firstBackup = 5 * time.Second // between two looks whether a new store can be backed up
)

// Backups are those that a store has made by itself. They are in the folder backup
// beside its data, mode 0600, named by their time.
type Backups struct {
	Every time.Duration // 0: none are made
	Keep  int           // the last ones
}

// A Backedup is told of each backup: its time, or why there is none.
type Backedup interface {
	Made(at time.Time)
	Failed()
}

// KeepBackups makes backups of the store until ctx is done, each by program as a process
// of its own, so that reading a large one takes nothing from answers. The next is due by the
// time of the last, whoever made it.
func KeepBackups(ctx context.Context, c Config, program string, told Backedup, log *slog.Logger) {
	dir := filepath.Join(c.Dir, "backup")
	last := ""
	for ctx.Err() == nil {
		newest := newestBackup(dir)
		if !newest.IsZero() {
			told.Made(newest)
		}
		if due := time.Until(newest.Add(c.Backups.Every)); due > 0 {
			pause.For(ctx, due)
			continue
		}
		if pid, err := Running(c.Dir); err == nil && pid == 0 || !hasData(c.Dir) {
			pause.For(ctx, firstBackup) // that it is down, or not begun, is told already
			continue
		}
		err := c.backUp(ctx, dir, program)
		if err == nil {
			last = ""
			continue
		}
		if ctx.Err() != nil {
			return
		}
		told.Failed()
		if err.Error() != last {
			last = err.Error()
			log.Error("the store has no new backup", "err", err)
		}
		if newest.IsZero() {
			pause.For(ctx, firstBackup)
		} else {
			pause.For(ctx, backupAgain)
		}
	}
}

// backUp makes a backup, and removes those that are too many.
func (c Config) backUp(ctx context.Context, dir, program string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := hasRoom(c.Dir, dir); err != nil {
		return err
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.db.new*")) // of a backup that was killed
	for _, name := range left {
		os.Remove(name)
	}
	file := filepath.Join(dir, time.Now().UTC().Format(backupName))
	out, err := exec.CommandContext(ctx, program, "store", "backup", "--dir", c.Dir, file).CombinedOutput()
	if err != nil {
		if said := strings.TrimPrefix(strings.TrimSpace(string(out)), "dnsd: "); said != "" {
			err = errors.New(said)
		}
		return err
	}
	for _, old := range tooMany(backupsIn(dir), c.Backups.Keep) {
		if err := os.Remove(filepath.Join(dir, old)); err != nil {
			return err
		}
	}
	return nil
}

// hasRoom returns an error where a backup would leave the store too little room: that
// twice its size is free.
func hasRoom(store, dir string) error {
	db, err := os.Stat(filepath.Join(store, "data", "member", "snap", "db"))
	if err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < 2*db.Size() {
		return fmt.Errorf("%s: %d MB are free, and a backup is made where twice the size of the store is, %d MB", dir, free>>20, 2*db.Size()>>20)
	}
	return nil
}

// backupsIn are the names of the backups in a folder, the oldest first.
func backupsIn(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // not there yet: none
	for _, e := range entries {
		if _, err := time.Parse(backupName, e.Name()); err == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// tooMany are those of names that are not the last keep.
func tooMany(names []string, keep int) []string {
	return names[:max(0, len(names)-keep)]
}

func newestBackup(dir string) time.Time {
	names := backupsIn(dir)
	if len(names) == 0 {
		return time.Time{}
	}
	at, _ := time.Parse(backupName, names[len(names)-1])
	return at
}
