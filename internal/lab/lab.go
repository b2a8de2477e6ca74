package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lab is a lab that is up, or the means to bring it up or down. Its methods
// may be called from several goroutines and several programs at once.
type Lab struct {
	Config
	Progress    func(format string, args ...any) // told of long work; never nil
	hierarchies []hierarchy
}

// New returns the lab that config describes, whatever its condition. It needs
// root and changes nothing.
func New(config Config) (*Lab, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("a lab needs root: it makes namespaces, mounts and network links")
	}
	l := &Lab{Config: config, Progress: func(string, ...any) {}}
	if l.hierarchies, err = mountedHierarchies(); err != nil {
		return nil, err
	}
	return l, nil
}

// Open returns the lab that config describes, which must be up.
func Open(config Config) (*Lab, error) {
	l, err := New(config)
	if err != nil {
		return nil, err
	}
	if l.switchProcess() == 0 {
		return nil, fmt.Errorf("lab %s is not up; run lab up", l.ID)
	}
	return l, nil
}

// state is the folder of this lab's disks.
func (l *Lab) state() string { return filepath.Join(l.State, l.ID) }

// disk is the folder of one host's disk.
func (l *Lab) disk(name string) string { return filepath.Join(l.state(), "hosts", name) }

// served is the folder whose packages the switch serves to hosts of a release;
// of "", the folder of all of these.
func (l *Lab) served(release string) string { return filepath.Join(l.state(), "packages", release) }

// serve has the switch serve the packages of a base to hosts of its release.
func (l *Lab) serve(release, base string) error {
	link := l.served(release)
	err := os.Remove(link + ".new")
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.Symlink(filepath.Join(base, "packages"), link+".new")
	}
	if err == nil {
		err = os.Rename(link+".new", link)
	}
	if err != nil {
		return fmt.Errorf("serve the packages of Debian %s: %w", release, err)
	}
	return nil
}

// lock keeps other programs from changing the lab meanwhile.
func (l *Lab) lock() (unlock func(), err error) {
	if err := os.MkdirAll(l.Cache, 0o755); err != nil {
		return nil, err
	}
	return lock(filepath.Join(l.Cache, "lab-"+l.ID+".lock"), func() { l.Progress("waiting for another program to finish with lab %s", l.ID) })
}

// Hosts returns the hosts of the lab, with or without power, in the order of
// the plan.
func (l *Lab) Hosts() ([]Host, error) {
	entries, err := os.ReadDir(filepath.Join(l.state(), "hosts"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list hosts: %w", err)
	}
	var places []int
	for _, e := range entries {
		if i, ok := place(e.Name()); ok {
			places = append(places, i)
		}
	}
	slices.Sort(places)
	var hosts []Host
	all := plan(l.ID, MaxHosts)
	for _, i := range places {
		hosts = append(hosts, all[i])
	}
	return hosts, nil
}

// host returns the host of the lab called name.
func (l *Lab) host(name string) (Host, error) {
	hosts, err := l.Hosts()
	if err != nil {
		return Host{}, err
	}
	var names []string
	for _, h := range hosts {
		if h.Name == name {
			return h, nil
		}
		names = append(names, h.Name)
	}
	if len(names) == 0 {
		return Host{}, fmt.Errorf("lab %s has no hosts; run lab up", l.ID)
	}
	return Host{}, fmt.Errorf("lab %s has no host %q; it has %s", l.ID, name, strings.Join(names, ", "))
}

// Addr returns a host's private address, the zero address if the plan has no
// such host.
func (l *Lab) Addr(name string) netip.Addr {
	i, ok := place(name)
	if !ok {
		return netip.Addr{}
	}
	return plan(l.ID, i+1)[i].Private
}

// Domain, Label and Registry are the lab's and the demo's names in DNS.
const (
	Domain   = "prod.example.com"
	Label    = "s"
	Registry = "registry." + Label + "." + Domain + ":5000"
)
