package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/internal/runit"
	"rundock/supervisor/overlaydir"
)

// present makes this host take part. Until it is known that it can, nothing
// is written.
func (t *task) present() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.tell(now)
	if now.Settings != nil {
		if err := differs(*now.Settings, t.settings); err != nil {
			return err
		}
	}
	data, err := file(t.settings)
	if err != nil {
		return err
	}
	settings := fstree.File{Path: t.file(), Mode: 0o644, Data: data}
	files := overlaydir.Files(t.p.Name, filepath.Join(overlay.SettingsDir, settings.Path))
	settingsChange, err := fstree.Put(overlay.SettingsDir, settings, true)
	if err != nil {
		return err
	}
	serviceChange, err := fstree.Apply(t.unit.Dir, files, true)
	if err != nil {
		return err
	}
	p := decide(now, settingsChange, serviceChange)
	held := now.Masked && !now.Enabled
	if held {
		t.warn("%s stays disabled: the link %s is there; remove it to have the network kept", t.p.Name, t.unit.Mask())
		p = plan{Write: p.Write}
	}
	var k kernelState
	if p.changes() {
		k, err = t.examine()
		if err == nil && now.Settings == nil {
			err = overlay.CheckForeignDevices(k.have, t.settings.Network, k.host.Machine)
		}
		if err == nil {
			err = t.try(data)
		}
		if err != nil {
			return err
		}
		t.foretell(k)
	}
	t.actions = p.actions(now)
	t.diff = append(settingsChange.Diff(), serviceChange.Diff()...)
	t.linked(now.Enabled, now.Enabled || p.Enable)
	t.commands(k.lines())
	if t.check {
		return nil
	}
	if p.Write {
		if _, err := fstree.Put(overlay.SettingsDir, settings, false); err != nil {
			return err
		}
		if _, err := fstree.Apply(t.unit.Dir, files, false); err != nil {
			return err
		}
	}
	if held {
		return nil
	}
	if err = t.act(p); err == nil {
		err = t.wait(now, p)
	}
	if err != nil && now.Settings == nil && now.Bad == nil {
		return t.takeBack(err)
	}
	if err != nil {
		return err
	}
	if k.settle(t.told.Subnet) {
		t.diff = t.diff[:len(t.diff)-1]
		t.commands(k.lines())
	}
	return nil
}

// try has rundockd say whether this host can join, for which it waits for a
// registry that is away, but for check mode.
func (t *task) try(settings []byte) error {
	if t.check {
		return t.rundockd(settings, "try")
	}
	return t.rundockd(settings, "try", fmt.Sprintf("--wait=%ds", t.p.WaitTimeout))
}

// takeBack has the host as it was before a first join that failed because of
// err, so that nothing joins later that is not wanted any more by then.
func (t *task) takeBack(err error) error {
	now, e := t.look()
	if e == nil {
		e = t.leave("--check")
	}
	if e == nil {
		e = t.remove(now, false, "--offline")
	}
	if e != nil {
		return fmt.Errorf("%w\nthe network is not taken off this host again, which state=absent does: %w", err, e)
	}
	t.actions, t.diff = nil, nil
	t.told = facts{Name: t.p.Name, State: "absent"}
	return fmt.Errorf("%w\nthis host is as it was before the call", err)
}

// differs returns an error if what all hosts of a network share is to be
// another than it was: then nothing of the old fits the new.
func differs(was, is overlay.Settings) error {
	var fields []string
	differ := func(name string, was, is any) {
		if was != is {
			fields = append(fields, fmt.Sprintf("%s %v (it is %v)", name, is, was))
		}
	}
	differ("cidr", was.CIDR, is.CIDR)
	differ("subnet_length", was.SubnetLength, is.SubnetLength)
	differ("vni", was.VNI, is.VNI)
	differ("port", was.UDPPort(), is.UDPPort())
	by := func(s overlay.Settings) string { return module.Choose(len(s.Peers) > 0, "given", "in the registry") }
	differ("peers", by(was), by(is))
	if len(is.Peers) == 0 {
		differ("mtu", was.MTUText(), is.MTUText()) // which is in the registry
	}
	if fields == nil {
		return nil
	}
	return fmt.Errorf("network %s cannot become one of %s while hosts are in it: have all of them leave it first, by state=absent", is.Name, strings.Join(fields, ", "))
}

// act brings the processes to the files.
func (t *task) act(p plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
	defer cancel()
	if p.Enable {
		if err := t.unit.Enable(ctx); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := runit.Control(filepath.Join(t.unit.Dir, c.Dir), c.Letter); err != nil {
			return err
		}
	}
	return nil
}
