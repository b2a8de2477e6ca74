package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"rundock/internal/fstree"
	"rundock/internal/pause"
	"rundock/internal/registry/etcd"
)

// Data that are of no use any more are put aside, where they serve nobody and can
// be looked at.
const (
	removed    = "data.removed-" // the cluster has this member no longer
	superseded = "data.before-"  // another host's store was restored from a backup since

	lookForRestored = 5 * time.Second
)

// identity is which member of which cluster data are of.
type identity struct{ cluster, member uint64 }

// readMember reads what writeMember wrote; there may be no note, of a store that was never one of several.
func readMember(dir string) (own identity, there bool, err error) {
	note, err := os.ReadFile(filepath.Join(dir, "member"))
	if errors.Is(err, fs.ErrNotExist) {
		return own, false, nil
	}
	if err == nil {
		_, err = fmt.Sscanf(string(note), "%x %x", &own.cluster, &own.member)
	}
	if err != nil {
		return own, false, fmt.Errorf("store folder %s: file member: %w", dir, err)
	}
	return own, true, nil
}

// isRemoved says whether the member that the data are of was removed: that the
// cluster is the same, and does not have it, is the word of its majority.
func (c Config) isRemoved(ctx context.Context) (bool, error) {
	own, there, err := readMember(c.Dir)
	if err != nil || !there || len(c.Peers) == 0 || !hasData(c.Dir) {
		return false, err
	}
	id, members, err := c.cluster(ctx)
	if err != nil || id != own.cluster {
		return false, nil // it starts again, whatever ended it
	}
	return !slices.ContainsFunc(members, func(m etcd.Member) bool { return m.ID == own.member }), nil
}

// putAside renames the data; name is removed or superseded.
func (c Config) putAside(name string) (aside string, err error) {
	aside = filepath.Join(c.Dir, name+time.Now().UTC().Format("20060102T150405"))
	if err := os.Rename(filepath.Join(c.Dir, "data"), aside); err != nil {
		return "", fmt.Errorf("store folder %s: put its data aside: %w", c.Dir, err)
	}
	return aside, fstree.SyncDir(c.Dir)
}

// isSuperseded says whether another cluster took the place of own while that was
// away: one that has a leader, and that was restored from a backup, as its revision is
// further than anybody writes (revisionBump).
func isSuperseded(own identity, voices []etcd.Voice) bool {
	at := slices.IndexFunc(voices, func(v etcd.Voice) bool { return v.Cluster == own.cluster && v.Member == own.member })
	return at >= 0 && slices.ContainsFunc(voices, func(v etcd.Voice) bool {
		return v.Cluster != own.cluster && v.Led && v.Revision > voices[at].Revision+revisionBump/2
	})
}

// watchForRestored stops the store once it is superseded, and notes that in found, until ctx
// is done. Two of three hosts that were away when the third was restored are a
// majority of their own, whose records nobody is to see.
func (c Config) watchForRestored(ctx context.Context, found *atomic.Bool, log *slog.Logger) {
	if len(c.Cluster.Endpoints) < 2 {
		return
	}
	client, err := etcd.OpenCluster(c.Cluster)
	if err != nil {
		log.Error("other members are not looked at", "err", err)
		return
	}
	defer client.Close()
	for ; ctx.Err() == nil; pause.For(ctx, lookForRestored) {
		own, there, err := readMember(c.Dir)
		if err != nil || !there || !isSuperseded(own, client.Voices(ctx)) {
			continue
		}
		found.Store(true)
		if err := Stop(c.Dir, stopTime); err != nil {
			log.Error("store is to stop, as another host's was restored from a backup", "err", err)
		}
	}
}
