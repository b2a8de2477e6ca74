package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/fstree"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

// revisionBump is added to the revision of a restored store, so that it is
// beyond all that watchers have seen, and they list anew rather than wait for
// revisions they take for old ones.
const revisionBump = 1_000_000_000

// Backup writes what the store running in dir holds to file, mode 0600: an
// etcd snapshot, which etcdutl reads as well. An existing file is replaced
// once the new one is whole.
func Backup(ctx context.Context, dir, file string) error {
	pid, err := Running(dir)
	if err != nil {
		return err
	}
	if pid == 0 {
		return fmt.Errorf("back up store %s: it is not running", dir)
	}
	url, err := listens(pid)
	if err != nil {
		return fmt.Errorf("back up store %s: process %d: %w", dir, pid, err)
	}
	config := clientv3.Config{Endpoints: []string{url}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()}
	if _, err := snapshot.NewV3(zap.NewNop()).Save(ctx, config, file); err != nil {
		return fmt.Errorf("back up store %s to %s: %w", dir, file, err)
	}
	return nil
}

// listens returns a URL that the store of process pid was started with.
func listens(pid int) (string, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "", err
	}
	_, after, ok := strings.Cut(string(line), "\x00--listen\x00")
	if !ok {
		return "", errors.New("it was not started with --listen")
	}
	urls, _, _ := strings.Cut(after, "\x00")
	url, _, _ := strings.Cut(urls, ",")
	return strings.NewReplacer("//0.0.0.0:", "//127.0.0.1:", "//[::]:", "//[::1]:").Replace(url), nil
}

// Restore makes file, which Backup wrote, the data of the store in dir, which
// must not be running. Data that were there are kept in the folder aside,
// "" when there were none.
func Restore(dir, file string) (aside string, err error) {
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
		InitialClusterToken: cfg.InitialClusterToken,
		RevisionBump:        revisionBump,
		MarkCompacted:       true,
	})
	if err != nil {
		os.RemoveAll(restored)
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
