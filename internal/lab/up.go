package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

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
	if err := l.checkDisks(have, o); err != nil {
		return nil, err
	}
	for _, dir := range []string{"hosts", "packages"} {
		if err := os.MkdirAll(filepath.Join(l.state(), dir), 0o755); err != nil {
			return nil, fmt.Errorf("make the lab's folder: %w", err)
		}
	}
	bases, err := l.basesFor(hosts, o)
	if err != nil {
		return nil, err
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

// checkDisks returns an error if a host that is there has another disk than o asks for.
func (l *Lab) checkDisks(have []Host, o Options) error {
	for _, h := range have {
		made, asked := l.release(h.Name), o.Releases[h.Name]
		switch {
		case made == "":
			return fmt.Errorf("lab %s: an older release of this program made %s; run lab down first", l.ID, h.Name)
		case asked != "" && asked != made:
			return fmt.Errorf("lab %s has %s of Debian %s, not %s; run lab down first", l.ID, h.Name, made, asked)
		case slices.Contains(o.NoPython, h.Name) && !l.withoutPython(h.Name):
			return fmt.Errorf("lab %s has %s with Python; run lab down first", l.ID, h.Name)
		}
	}
	return nil
}

// basesFor are the bases, by release, of those hosts that are to be made; their
// packages are served.
func (l *Lab) basesFor(hosts []Host, o Options) (bases map[string]string, err error) {
	bases = map[string]string{}
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
	return bases, nil
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
