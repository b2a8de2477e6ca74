package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/fstree"
	"rundock/internal/pause"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.uber.org/zap"
)

// revisionBump is added to the revision of a restored store, so that it is
// beyond all that watchers have seen, and they list anew rather than wait for
// revisions they take for old ones.
const revisionBump = 1_000_000_000

// Backup writes what the store running in dir holds to file, mode 0600: an
// etcd snapshot, which etcdutl reads as well. An existing file is replaced
// once the new one is whole: it was read again, by its checksum and by opening it.
func Backup(ctx context.Context, dir, file string) error {
	pid, err := Running(dir)
	if err != nil {
		return err
	}
	if pid == 0 {
		return fmt.Errorf("back up store %s: it is not running", dir)
	}
	config, err := clientOf(pid)
	if err != nil {
		return fmt.Errorf("back up store %s: process %d: %w", dir, pid, err)
	}
	fresh := file + ".new"
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go giveUp(ctx, stop, dir, pid, fresh+".part") // which is what Save writes
	if _, err = snapshot.NewV3(zap.NewNop()).Save(ctx, config, fresh); err == nil {
		err = CheckBackup(fresh)
	} else if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = os.Rename(fresh, file)
	}
	if err != nil {
		os.Remove(fresh)
		return fmt.Errorf("back up store %s to %s: %w", dir, file, err)
	}
	return fstree.SyncDir(filepath.Dir(file))
}

// backupStalls is how long a store may send nothing of a backup.
const backupStalls = time.Minute

// giveUp ends a backup of which nothing comes any more, as the client would wait for a
// store that has ended, or that hangs, for ever.
func giveUp(ctx context.Context, stop context.CancelCauseFunc, dir string, pid int, part string) {
	var size int64
	for grew := time.Now(); ctx.Err() == nil; pause.For(ctx, time.Second) {
		if now, err := Running(dir); err == nil && now != pid {
			stop(fmt.Errorf("the store's process %d has ended", pid))
			return
		}
		if info, err := os.Stat(part); err == nil && info.Size() != size {
			size, grew = info.Size(), time.Now()
		}
		if time.Since(grew) > backupStalls {
			stop(fmt.Errorf("the store's process %d has sent nothing for %s", pid, backupStalls))
			return
		}
	}
}

// CheckBackup reads a file that Backup wrote: whether it is what was written, and can be opened.
func CheckBackup(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size() - sha256.Size // behind what etcd wrote
	if size <= 0 {
		return fmt.Errorf("%s is no snapshot of etcd: %d bytes", file, info.Size())
	}
	sum, want := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, size)); err != nil {
		return err
	}
	if _, err := f.ReadAt(want, size); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return fmt.Errorf("%s is damaged, or no snapshot of etcd: its checksum is another one", file)
	}
	if _, err := snapshot.NewV3(zap.NewNop()).Status(file); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Restore makes file, which Backup wrote, the data of the store in dir, which
// must not be running. Data that were there are kept in the folder aside,
// "" when there were none. The file is read first: a damaged one changes nothing.
//
// The store is the one member of a cluster of its own: members of before and this one
// refuse each other, as one of them would take the other's log for a lost one, and crash.
// It asks nobody who may do what.
func Restore(dir, file string) (aside string, err error) {
	if err := CheckBackup(file); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := (Config{Dir: dir}).checkDir(); err != nil {
		return "", err
	}
	if err := lock(dir); err != nil {
		return "", fmt.Errorf("restore: %w: stop it first", err)
	}
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("restore store %s from %s: %w", dir, file, err)
	}
	cfg, err := Config{Dir: dir}.etcd()
	if err != nil {
		return fail(err)
	}
	restored := cfg.Dir + ".restored"
	if err := os.RemoveAll(restored); err != nil { // of a restore that was killed
		return fail(err)
	}
	err = snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath:        file,
		Name:                cfg.Name,
		OutputDataDir:       restored,
		PeerURLs:            []string{cfg.AdvertisePeerUrls[0].String()},
		InitialCluster:      cfg.InitialCluster,
		InitialClusterToken: rand.Text(),
		RevisionBump:        revisionBump,
		MarkCompacted:       true,
	})
	if err != nil {
		os.RemoveAll(restored)
		return fail(err)
	}
	if err := asksNobody(restored); err != nil {
		return fail(err)
	}
	aside = cfg.Dir + ".before-" + time.Now().UTC().Format("20060102T150405")
	err = os.Rename(cfg.Dir, aside)
	if errors.Is(err, fs.ErrNotExist) {
		aside, err = "", nil
	}
	if err == nil {
		err = os.Rename(restored, cfg.Dir)
	}
	if err == nil {
		err = fstree.SyncDir(filepath.Dir(cfg.Dir))
	}
	if err != nil {
		return fail(err)
	}
	return aside, nil
}

// asksNobody has the data in dir not ask who may do what, as users and certificates
// of the time of the backup may be no more: dnsd access align has it ask again.
func asksNobody(dir string) (err error) {
	be := backend.NewDefaultBackend(zap.NewNop(), datadir.ToBackendFileName(dir))
	defer func() { err = errors.Join(err, be.Close()) }()
	tx := schema.NewAuthBackend(zap.NewNop(), be).BatchTx()
	tx.Lock()
	tx.UnsafeSaveAuthEnabled(false)
	tx.Unlock()
	be.ForceCommit()
	return nil
}
