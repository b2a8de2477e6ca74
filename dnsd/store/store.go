// Package store runs an etcd beside dnsd, alone or as a member of a cluster.
// It is a process of its own, in its own session: it
// outlives restarts and crashes of dnsd, and the next dnsd finds it again.
//
// The folder, mode 0700, holds
//
//	lock      held (fcntl) by the running store, which is how it is found
//	data/     etcd's data; beside it data.before-<time>, which Restore put aside, or which a
//	          store restored on another host has superseded, and data.removed-<time> of a
//	          member that was removed
//	etcd.log  etcd's log, rotated at 10 MB, two old ones kept
//	version   the etcd release that wrote data/ last
//	member    the ids of the cluster and of the member that data/ are of
//	backup/   the last backups, TIME.db
//	begin     there while the store is to begin a cluster
//
// A store that has data starts from them. One without is new where it is to stay
// alone (Config.Peers is empty); otherwise it waits until it is told to begin a cluster, or
// until the cluster has a place for it, and then joins. So a host that lost its data
// never begins a second cluster beside the first.
//
// Keep runs in dnsd, Serve in the store's own process; Stop, Backup and
// Restore in commands.
package store

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"rundock/internal/registry/etcd"
)

// Config is where the store keeps its data and where clients reach it.
type Config struct {
	Dir    string   // absolute
	Listen []string // client URLs, http://IP:port or https://IP:port, at least one; an address may have both

	Certificates Certificates // with https

	Name    string      // of the member, with Peer
	Peers   []string    // URLs at which other members reach it, each of a port of its own; none: it stays alone
	Cluster etcd.Config // clients' way to the members, for a store without data

	Backups Backups
}

// Check reports settings that cannot work, and makes Dir. The error names the
// folder or the URL. A full disk is no error here: it may have room later.
func (c Config) Check() error {
	if len(c.Listen) == 0 {
		return errors.New("store: no URL to listen on")
	}
	for _, s := range c.Listen {
		if err := checkURL("listen", s); err != nil {
			return err
		}
	}
	for i, s := range c.Peers {
		if err := checkURL("peer", s); err != nil {
			return err
		}
		if slices.ContainsFunc(c.Peers[:i], func(before string) bool { return hostOf(before) == hostOf(s) }) {
			return fmt.Errorf("store: peer URL %q: %s is listened on already, and one address serves peers in one way alone", s, hostOf(s))
		}
		if c.Name == "" || strings.ContainsAny(c.Name, "=,") {
			return fmt.Errorf("store: member name %q: want a host's name", c.Name)
		}
	}
	if err := c.Certificates.check(slices.ContainsFunc(slices.Concat(c.Listen, c.Peers), isSecure)); err != nil {
		return err
	}
	return c.checkDir()
}

func checkURL(what, s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("store: %s URL %q: %w", what, s, err)
	}
	if _, err := netip.ParseAddrPort(u.Host); err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("store: %s URL %q: want http://IP:port or https://IP:port", what, s)
	}
	return nil
}

// hostOf is the address and port of a URL that checkURL took.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	return u.Host
}

func (c Config) checkDir() error {
	if !filepath.IsAbs(c.Dir) {
		return fmt.Errorf("store folder %q: not an absolute path", c.Dir)
	}
	err := os.MkdirAll(c.Dir, 0o700)
	if err == nil {
		err = os.Chmod(c.Dir, 0o700)
	}
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(c.Dir, ".probe-"); err == nil {
			probe.Close()
			err = os.Remove(probe.Name())
		}
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("store folder %s: %w", c.Dir, err)
	}
	return nil
}

// args is the command line of the store's process, without the program. What
// a store without data is made of comes after it.
func (c Config) args() []string {
	args := []string{"store", "run", "--dir", filepath.Clean(c.Dir), "--listen", strings.Join(c.Listen, ",")}
	if len(c.Peers) > 0 {
		args = append(args, "--name", c.Name, "--peer", strings.Join(c.Peers, ","))
	}
	return append(args, c.Certificates.args()...)
}
