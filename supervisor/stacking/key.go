package stacking

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/stack/release"
)

// The site has one key by which secrets of stacks are sealed and digested, in a file of each
// host that has led a run with secrets. The store names it and does not have it: whichever host
// is faster to write the name has made the key, and any other takes it from a host that has it.

// key is the site's, or one that is made up as long as there is none.
type key struct {
	data  []byte
	noted bool   // the store names it
	old   []byte // the store's note of one that is lost
	made  bool   // this host's file does not have it yet
	from  string // the host that has it, as this one lacks it; then data is made up
	lacks error  // why this host has no key that is the site's; nil also where there is none yet
}

// usable says why secrets cannot be sealed and opened; nil: they can.
func (k *key) usable() error {
	if k.from != "" {
		return fmt.Errorf("this host lacks the key of stacks' secrets, %s, which %s has: run playbooks/stack.yml, which takes it from there", hostconfig.StackKeyPath, k.from)
	}
	return k.lacks
}

// lookForKey reads the key of this host and what the store says of it. told are the facts of
// the site's hosts, as far as they are known. Nothing is written.
func (s *site) lookForKey(ctx context.Context, told map[string]json.RawMessage) (*key, error) {
	n, err := s.readNote(ctx)
	if err != nil {
		return nil, err
	}
	has, err := holders(told)
	if err != nil {
		return nil, err
	}
	k := &key{noted: n.Name != ""}
	if k.data, err = readKey(s.keyPath); err != nil {
		return nil, err
	}
	if k.data == nil {
		// Of a call that was killed after the note.
		if k.data, err = readKey(s.keyPath + ".new"); err != nil {
			return nil, err
		}
		if k.made = true; k.data == nil || !k.noted || hostconfig.StackKeyName(k.data) != n.Name {
			k.data = newKey()
			err = s.missing(ctx, k, n, has)
		}
		return k, err
	}
	if name := hostconfig.StackKeyName(k.data); k.noted && name != n.Name {
		k.lacks = fmt.Errorf("%s of this host, %s, is another key of stacks' secrets than the site's, which %s: put it aside, and the next run takes that one from there", hostconfig.StackKeyPath, s.host, whoHas(n, has))
	} else if other := otherKeys(name, has); !k.noted && other != "" {
		k.lacks = fmt.Errorf("hosts have different keys of stacks' secrets, %s, and the store does not say which is the site's: keep the one that opens the secrets, which was made on the host that led their run, and put that of %s aside", hostconfig.StackKeyPath, other)
	}
	return k, nil
}

// missing says where the key is that this host lacks. One that is lost, and by which nothing
// is sealed any more, gives way to another.
func (s *site) missing(ctx context.Context, k *key, n note, has map[string][]string) error {
	switch {
	case k.noted && len(has[n.Name]) > 0:
		k.from = has[n.Name][0]
	case k.noted:
		sealed, err := s.sealed(ctx)
		if err != nil {
			return err
		}
		if len(sealed) == 0 {
			k.noted, k.old = false, registry.Encode(n)
			return nil
		}
		k.lacks = fmt.Errorf("this host, %s, lacks the key of stacks' secrets, %s: %s made it or had it first, and no host that can be reached has it: have that one back, or copy the file from there or from a backup; where it is lost for good, another one is made once no stack with secrets is left, and here is %s",
			s.host, hostconfig.StackKeyPath, n.Host, strings.Join(sealed, ", "))
	case len(has) == 1:
		for _, all := range has {
			k.from = all[0]
		}
	case len(has) > 1:
		k.lacks = fmt.Errorf("this host, %s, lacks the key of stacks' secrets, %s, and %s have different ones: put aside those that do not open the secrets", s.host, hostconfig.StackKeyPath, otherKeys("", has))
	}
	return nil
}

// settleKey has the store name k as the site's, and this host keep it. Where another run was
// faster the result is not k, or an error says which host was.
func (s *site) settleKey(ctx context.Context, k *key) (*key, error) {
	if k.noted && !k.made {
		return k, nil
	}
	settled := &key{data: k.data, noted: true}
	// Beside its place first: a call that is killed now leaves a note of a key that there is.
	fresh := s.keyPath + ".new"
	if k.made {
		err := fstree.Create(fresh, 0o600, k.data)
		if errors.Is(err, fs.ErrExist) {
			settled.data, err = readKey(fresh)
			if err == nil && settled.data == nil { // that run has finished meanwhile
				settled.data, err = readKey(s.keyPath)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	own := note{Name: hostconfig.StackKeyName(settled.data), Host: s.host, Since: s.now().UTC()}
	if _, err := s.store.Swap(ctx, registry.Swap{Key: release.NoteKey, Old: k.old, New: registry.Encode(own)}); err != nil {
		return nil, fmt.Errorf("name the key of stacks' secrets in the store: %w", err)
	}
	n, err := s.readNote(ctx)
	if err != nil {
		return nil, err
	}
	if n.Name != own.Name {
		if k.made {
			err = os.Remove(fresh)
		}
		return nil, cmp.Or(err, fmt.Errorf("%s has made the key of stacks' secrets meanwhile: run it again", n.Host))
	}
	if !k.made {
		return settled, nil
	}
	err = fstree.Create(s.keyPath, 0o600, settled.data)
	if err == nil || errors.Is(err, fs.ErrExist) { // another run of this host was faster
		err = os.Remove(fresh)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return settled, nil
}

// readKey reads a key from its file; nil: there is none.
func readKey(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && len(data) != release.KeyBytes:
		return nil, fmt.Errorf("%s has %d bytes, and %d are wanted: restore it from where it was copied to", path, len(data), release.KeyBytes)
	}
	return data, err
}

func newKey() []byte {
	k := make([]byte, release.KeyBytes)
	rand.Read(k)
	return k
}

// needsKey reports whether secrets are sealed or opened for a call: its own, those of the
// release that is current, or of the one that it goes back to.
func needsKey(q control.StackRequest, w wanted, v release.View) bool {
	base := v.Base()
	return len(w.secrets) > 0 || base != nil && len(base.Secrets) > 0 || len(v.Releases[q.Back].Secrets) > 0
}

// opens says why secrets that a release has cannot be opened; nil: they can.
func (k *key) opens(r *release.Release) error {
	if r == nil || len(r.Secrets) == 0 {
		return nil
	}
	err := k.usable()
	if err == nil && k.made {
		err = fmt.Errorf("no host that is known has the key they are sealed by: copy %s from the host that led its run, or from a backup", hostconfig.StackKeyPath)
	}
	if err != nil {
		return fmt.Errorf("release %d of %s has secrets: %w", r.Number, r.Model.Name, err)
	}
	return nil
}
