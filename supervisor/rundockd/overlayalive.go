package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
)

// telling is that other hosts are told that this one is alive, as long as the
// registry has it in the network.
type telling struct {
	stop context.CancelCauseFunc // nil: they are not told
	done chan struct{}
}

// tell begins with it, if need be, once the network is ready.
func (a *overlayAgent) tell(ctx context.Context, r *roster.Roster) {
	if a.telling.stop != nil {
		return
	}
	ctx, stop := context.WithCancelCause(ctx)
	done := make(chan struct{})
	a.telling = telling{stop, done}
	go func() {
		defer close(done)
		select {
		case <-a.ready:
		case <-ctx.Done():
			return
		}
		err := r.Alive(ctx, func(s registry.HoldState) {
			a.mu.Lock()
			a.alive = s.Held
			a.mu.Unlock()
			poke(a.news)
			a.log.Info("other hosts are told that this one is alive", "told", s.Held, "reason", s.Reason)
		})
		if err != nil {
			a.log.Warn("other hosts take this one for alive for a while", "err", err)
		}
	}()
}

// tellNoMore ends it. With registry.ErrHandOver what they were told stays, for
// whoever it is that it is true of now.
func (a *overlayAgent) tellNoMore(cause error) {
	if a.telling.stop == nil {
		return
	}
	a.telling.stop(cause)
	<-a.telling.done
	a.telling = telling{}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alive = false
}

// instanceFile has what tells this host, since its boot, from one that was made
// of its image. It is for all networks.
var instanceFile = filepath.Join(control.Dir, "overlay", "instance")

// readInstance returns "" where no agent has run since the boot.
func readInstance() (string, error) {
	data, err := os.ReadFile(instanceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// makeInstance is readInstance that makes one. Of several agents that do at
// once one is first.
func makeInstance() (string, error) {
	id := make([]byte, 8)
	rand.Read(id)
	if err := putFirst(instanceFile, hex.EncodeToString(id)+"\n"); err != nil {
		return "", fmt.Errorf("tell this host from those with its image: %w", err)
	}
	return readInstance()
}

// putFirst makes a file that is not there yet, whole.
func putFirst(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
