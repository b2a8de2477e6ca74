package stacking

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
)

// makeKey has the site have its key, on the host that leads.
func (b *bench) makeKey() {
	b.Helper()
	k, err := b.site.lookForKey(b.Context(), nil)
	if err == nil {
		_, err = b.site.settleKey(b.Context(), k)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// led is the site as another host leads it, which has a file of its own.
func (b *bench) led(host string) *site {
	other := *b.site
	other.host, other.keyPath = host, filepath.Join(b.TempDir(), "stack.key")
	return &other
}

// tellsKey has a host's facts name the key that it has; "": it cannot be reached.
func (b *bench) tellsKey(host, path string) {
	b.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.hosts[host] = json.RawMessage(strings.Replace(string(b.hosts[host]), "{", fmt.Sprintf(`{"stack_key":%q,`, hostconfig.StackKeyName(data)), 1))
}

func TestKey_a_second_host_takes_it_from_the_first(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	one, two := b.site, b.led("node-2")
	b.site = two
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "node-1 made it or had it first, and no host that can be reached has it") {
		t.Errorf("where nobody has it: %q", a.Error)
	}
	b.tellsKey("node-1", one.keyPath)
	if a := b.must(control.StackPlan); a.KeyFrom != "node-1" || a.Changed {
		t.Errorf("key_from = %q, changed = %v, want node-1 and no plan", a.KeyFrom, a.Changed)
	}
	if a := b.ask(control.StackBegin); !strings.Contains(a.Error, "which node-1 has") {
		t.Errorf("begin without the key: %q", a.Error)
	}
	if found, err := os.ReadDir(filepath.Dir(two.keyPath)); err != nil || len(found) != 0 {
		t.Errorf("the host without a key has %v, %v", found, err)
	}
	data, err := os.ReadFile(one.keyPath)
	if err == nil {
		err = os.WriteFile(two.keyPath, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if a := b.must(control.StackPlan); a.KeyFrom != "" || a.Lines[0] != "shop: nothing to do" {
		t.Errorf("with the key: key_from = %q, lines = %q", a.KeyFrom, a.Lines)
	}
	b.changed()
	begun := b.must(control.StackBegin)
	if secrets := b.must(control.StackSecret).Secrets; string(secrets["2/password"]) != "hunter2" || string(secrets["1/password"]) != "hunter2" {
		t.Errorf("secrets = %q", secrets)
	}
	b.roll(begun, "")
}

// Both hosts have looked before either has written anything.
func TestKey_of_two_hosts_that_are_first_at_once_one_makes_it(t *testing.T) {
	b := newBench(t)
	one, two := b.site, b.led("node-2")
	first, err := one.lookForKey(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := two.lookForKey(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.settleKey(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if _, err := one.settleKey(t.Context(), first); err == nil || !strings.Contains(err.Error(), "node-2 has made the key of stacks' secrets meanwhile") {
		t.Errorf("the slower host: %v", err)
	}
	if found, _ := filepath.Glob(one.keyPath + "*"); len(found) > 0 {
		t.Errorf("the slower host has %v", found)
	}
	b.tellsKey("node-2", two.keyPath)
	if k, err := one.lookForKey(t.Context(), b.hosts); err != nil || k.from != "node-2" {
		t.Errorf("the slower host looks again: %+v, %v", k, err)
	}
}

func TestKey_is_kept_where_the_call_that_made_it_was_killed(t *testing.T) {
	b := newBench(t)
	b.makeKey()
	if err := os.Rename(b.site.keyPath, b.site.keyPath+".new"); err != nil { // as before the last thing that a call does
		t.Fatal(err)
	}
	made, err := os.ReadFile(b.site.keyPath + ".new")
	if err != nil {
		t.Fatal(err)
	}
	b.withShop()
	b.deploy()
	if kept, err := os.ReadFile(b.site.keyPath); err != nil || string(kept) != string(made) {
		t.Errorf("the key is another one, %v", err)
	}
	if _, err := os.Stat(b.site.keyPath + ".new"); err == nil {
		t.Error("the file beside it is still there")
	}
}

// Before the store named it, hosts had keys of their own.
func TestKey_that_is_not_the_sites_is_refused(t *testing.T) {
	b := newBench(t)
	b.withShop()
	two := b.led("node-2")
	for _, s := range []*site{b.site, two} {
		if err := os.WriteFile(s.keyPath, newKey(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.tellsKey("node-1", b.site.keyPath)
	b.tellsKey("node-2", two.keyPath)
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "hosts have different keys") || !strings.Contains(a.Error, "put that of node-2 aside") {
		t.Errorf("two keys, and the store names none: %q", a.Error)
	}
	third := b.led("node-3")
	if k, err := third.lookForKey(t.Context(), b.hosts); err != nil || k.usable() == nil || !strings.Contains(k.usable().Error(), "node-3, lacks") {
		t.Errorf("a third host: %+v, %v", k, err)
	}
	b.hosts["node-2"] = nil
	b.deploy()
	b.site = two
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "of this host, node-2, is another key of stacks' secrets than the site's, which node-1 has") {
		t.Errorf("the other key: %q", a.Error)
	}
}

func TestKey_that_is_lost_gives_way_once_nothing_is_sealed_by_it(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	if err := os.Remove(b.site.keyPath); err != nil {
		t.Fatal(err)
	}
	if a := b.ask(control.StackPlan); !strings.Contains(a.Error, "once no stack with secrets is left, and here is shop") {
		t.Errorf("where it is lost: %q", a.Error)
	}
	b.run = "two"
	b.deploy(absent)
	b.run = "three"
	if a := b.deploy(); a.Lines[0] != "shop: release 1: 3 new" {
		t.Errorf("afterwards: %q", a.Lines)
	}
	if k, err := b.site.lookForKey(t.Context(), nil); err != nil || k.made || !k.noted || k.usable() != nil {
		t.Errorf("the site's key is %+v, %v", k, err)
	}
}
