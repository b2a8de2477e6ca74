package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
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

// Options say what Up makes. The zero value keeps a lab as it is, and makes a
// new one of three prepared hosts.
type Options struct {
	Hosts    int               // number of hosts; 0 means those there are, or 3
	Flavour  Flavour           // "" means that of the hosts there are, or Prepared
	NoPython []string          // hosts to make without any Python
	Releases map[string]string // host to the Debian release it is made from; those not named are of the lab's
}

// defaultHosts is how many hosts a new lab has.
const defaultHosts = 3

// wanted returns the hosts Up has to end with and their flavour, or why the
// lab, now having hosts have of the given flavour, cannot be turned into that.
func (o Options) wanted(id string, have []Host, flavour Flavour) ([]Host, Flavour, error) {
	count, f := o.Hosts, o.Flavour
	if count == 0 && len(have) > 0 {
		count = len(have)
	} else if count == 0 {
		count = defaultHosts
	}
	if count < 1 || count > MaxHosts {
		return nil, "", fmt.Errorf("lab %s: %d hosts: want 1 to %d", id, count, MaxHosts)
	}
	if f == "" {
		f = Prepared
		if flavour != "" {
			f = flavour
		}
	}
	if f != Bare && f != Prepared {
		return nil, "", fmt.Errorf("lab %s: flavour %q: want %q or %q", id, f, Bare, Prepared)
	}
	if flavour != "" && f != flavour {
		return nil, "", fmt.Errorf("lab %s is up with %s hosts, not %s ones; run lab down first", id, flavour, f)
	}
	hosts := plan(id, count)
	for _, h := range have {
		if !slices.Contains(hosts, h) {
			return nil, "", fmt.Errorf("lab %s has %s, which a lab of %d hosts has not; run lab down first", id, h.Name, count)
		}
	}
	for _, name := range o.NoPython {
		if !slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			return nil, "", fmt.Errorf("lab %s: no host %s to be without Python", id, name)
		}
	}
	for name, release := range o.Releases {
		if !slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			return nil, "", fmt.Errorf("lab %s: no host %s to be of Debian %s", id, name, release)
		}
		if !validRelease.MatchString(release) {
			return nil, "", fmt.Errorf("lab %s: release %q of %s: want a name such as trixie", id, release, name)
		}
	}
	return hosts, f, nil
}

// Up brings the lab to what o asks for, and returns what it did: nothing if
// the lab was so already. Hosts that are there keep their disks; those without
// power boot. It returns when sshd, and dockerd where it is installed, answer
// on every host.
func (l *Lab) Up(ctx context.Context, o Options) (did []string, err error) {
	unlock, err := l.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, tool := range []string{"ip", "nft", "nsenter", "unshare", "debootstrap", "ssh-keygen"} {
		if err := installed(tool); err != nil {
			return nil, err
		}
	}
	have, err := l.Hosts()
	if err != nil {
		return nil, err
	}
	hosts, flavour, err := o.wanted(l.ID, have, l.flavour(have))
	if err != nil {
		return nil, err
	}
	for _, name := range o.NoPython {
		if slices.ContainsFunc(have, func(h Host) bool { return h.Name == name }) && !l.withoutPython(name) {
			return nil, fmt.Errorf("lab %s has %s with Python; run lab down first", l.ID, name)
		}
	}
	for name, release := range o.Releases {
		if slices.ContainsFunc(have, func(h Host) bool { return h.Name == name }) && l.release(name) != release {
			return nil, fmt.Errorf("lab %s has %s of Debian %s, not %s; run lab down first", l.ID, name, l.release(name), release)
		}
	}
	for _, dir := range []string{"hosts", "packages"} {
		if err := os.MkdirAll(filepath.Join(l.state(), dir), 0o755); err != nil {
			return nil, fmt.Errorf("make the lab's folder: %w", err)
		}
	}
	for _, h := range have {
		if l.release(h.Name) == "" {
			return nil, fmt.Errorf("lab %s: an older release of this program made %s; run lab down first", l.ID, h.Name)
		}
	}
	bases := make(map[string]string) // by release, of hosts that are to be made
	for _, h := range hosts {
		release := cmp.Or(o.Releases[h.Name], l.Release)
		if bases[release] != "" || exists(l.disk(h.Name)) {
			continue
		}
		if bases[release], err = l.base(release); err != nil {
			return nil, err
		}
		if err := l.serve(release, bases[release]); err != nil {
			return nil, err
		}
	}
	if err := l.makeKey(); err != nil {
		return nil, err
	}
	switchPid := l.switchProcess()
	if switchPid == 0 {
		// What a dead switch left of our own links is in the new one's way.
		if err := l.unplugOperator(); err != nil {
			return nil, err
		}
		if switchPid, err = l.startSwitch(l.served("")); err != nil {
			return nil, err
		}
		did = append(did, "started the switch")
	}
	var mu sync.Mutex
	err = l.each(hosts, func(h Host) error {
		release := cmp.Or(o.Releases[h.Name], l.Release)
		what, err := l.bring(ctx, h, disk{release, filepath.Join(bases[release], string(flavour)), slices.Contains(o.NoPython, h.Name)}, switchPid)
		if what != "" {
			l.Progress("%s", what)
			mu.Lock()
			defer mu.Unlock()
			did = append(did, what)
		}
		return err
	})
	if err != nil {
		return did, err
	}
	changed, err := l.writeFiles(hosts)
	if changed {
		did = append(did, "wrote "+filepath.Join(l.Dir, "inventory"))
	}
	return did, err
}

// each calls f for every host at once and returns all errors.
func (l *Lab) each(hosts []Host, f func(Host) error) error {
	errs := make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() { errs[i] = f(h) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// bring makes one host be up and answer, and says what that took.
func (l *Lab) bring(ctx context.Context, h Host, d disk, switchPid int) (string, error) {
	what := ""
	if !exists(l.disk(h.Name)) {
		if err := l.makeDisk(h, d); err != nil {
			return "", err
		}
		what = "made and started " + h.Name
	}
	if pid := firstProcess(l.hierarchies, cgroupOf(l.ID, h.Name)); pid == 0 {
		if what == "" {
			what = "started " + h.Name
		}
		if err := l.power(h, switchPid); err != nil {
			return "", err
		}
	} else if in, err := l.plugged(h, switchPid); err != nil {
		return "", err
	} else if !in {
		if err := l.unplug(h, switchPid); err != nil {
			return "", err
		}
		if err := l.plug(h, pid, switchPid); err != nil {
			return "", err
		}
		what = "plugged " + h.Name + " into the new switch"
	}
	return what, l.ready(ctx, h)
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

// Down removes the lab: every process in its cgroups, with them their
// namespaces and mounts, its links, cgroups, disks and files. It goes by what
// the kernel has and not by what Up has noted, so it also ends a lab whose
// making was killed. It returns whether there was anything.
func (l *Lab) Down() (bool, error) {
	unlock, err := l.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	private, public := networks(l.ID)
	found := exists(l.state()) || exists("/sys/class/net/"+l.ID+"-"+private.name) || exists("/sys/class/net/"+l.ID+"-"+public.name)
	for _, h := range l.hierarchies {
		found = found || exists(filepath.Join(h.Path, cgroupOf(l.ID, "")))
	}
	if err := endCgroup(l.hierarchies, cgroupOf(l.ID, ""), time.Now().Add(30*time.Second)); err != nil {
		return found, err
	}
	if err := l.unplugOperator(); err != nil {
		return found, err
	}
	mounts, err := mountsBelow(l.state())
	if err != nil {
		return found, err
	}
	for _, path := range slices.Backward(mounts) {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			return found, fmt.Errorf("unmount %s: %w", path, err)
		}
	}
	if err := os.RemoveAll(l.state()); err != nil {
		return found, fmt.Errorf("remove the lab's disks: %w", err)
	}
	for _, name := range []string{"inventory", "known_hosts", "id_ed25519", "id_ed25519.pub"} {
		if err := os.Remove(filepath.Join(l.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return found, fmt.Errorf("remove the lab's files: %w", err)
		}
	}
	// The images stay, and with them the folder.
	if err := os.Remove(l.Dir); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return found, fmt.Errorf("remove the lab's files: %w", err)
	}
	return found, nil
}

// mountsBelow returns the machine's mount points at or below dir, outer ones
// first.
func mountsBelow(dir string) ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read the machine's mounts: %w", err)
	}
	var paths []string
	for line := range strings.Lines(string(info)) {
		if f := strings.Fields(line); len(f) > 4 && (f[4] == dir || strings.HasPrefix(f[4], dir+"/")) {
			paths = append(paths, f[4])
		}
	}
	return paths, nil
}
