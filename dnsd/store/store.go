// Package store runs an etcd of one member beside dnsd, for sites where one
// host keeps the records. It is a process of its own, in its own session: it
// outlives restarts and crashes of dnsd, and the next dnsd finds it again.
//
// The folder, mode 0700, holds
//
//	lock      held (fcntl) by the running store, which is how it is found
//	data/     etcd's data; beside it data.before-<time>, which Restore put aside
//	etcd.log  etcd's log, rotated at 10 MB, two old ones kept
//	version   the etcd release that wrote data/ last
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
	"strings"
	"syscall"
)

// Config is where the store keeps its data and where clients reach it.
type Config struct {
	Dir    string   // absolute
	Listen []string // client URLs, http://IP:port, at least one
}

// Check reports settings that cannot work, and makes Dir. The error names the
// folder or the URL. A full disk is no error here: it may have room later.
func (c Config) Check() error {
	if len(c.Listen) == 0 {
		return errors.New("store: no URL to listen on")
	}
	for _, s := range c.Listen {
		u, err := url.Parse(s)
		if err != nil {
			return fmt.Errorf("store: listen URL %q: %w", s, err)
		}
		if _, err := netip.ParseAddrPort(u.Host); err != nil || u.Scheme != "http" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("store: listen URL %q: want http://IP:port", s)
		}
	}
	return c.checkDir()
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

// args is the command line of the store's process, without the program.
func (c Config) args() []string {
	return []string{"store", "run", "--dir", filepath.Clean(c.Dir), "--listen", strings.Join(c.Listen, ",")}
}
