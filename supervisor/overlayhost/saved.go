package overlayhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"rundock/internal/fstree"
	"rundock/internal/overlay"
)

// SavedState is what was last known of a network. It is kept on disk, so
// that after a boot the network works before the store does, and so that
// check knows what is wanted. This host's subnet, and that it is another's, is
// on disk before the kernel is told; peers are after it, so that of them a
// kill loses what the store tells again.
type SavedState struct {
	Machine  string            `json:"machine,omitempty"`  // id of this host that the agent began with; "": not known
	Subnet   netip.Prefix      `json:"subnet"`             // this host's; zero: none yet
	Peers    []overlay.Peer    `json:"peers"`              // on disk sorted by subnet; one that has Subnet fences this host
	Settings *overlay.Settings `json:"settings,omitempty"` // by which it is in the network; nil: saved by a former release
}

// SavedOf returns what is to be kept of w, which is of the network of s.
func SavedOf(s overlay.Settings, w *overlay.Wanted) SavedState {
	return SavedState{Machine: w.Machine(), Subnet: w.Subnet(), Peers: w.Peers(), Settings: &s}
}

// ReadSaved returns the zero SavedState where nothing is kept of network n,
// or only of what it was before it was changed.
func ReadSaved(dir string, n overlay.Network) (SavedState, error) {
	path := filepath.Join(dir, n.Name+".json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return SavedState{}, nil
	}
	var k SavedState
	if err == nil {
		if err = json.Unmarshal(data, &k); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		return SavedState{}, fmt.Errorf("read what is known of network %s: %w", n.Name, err)
	}
	if _, err := n.Index(k.Subnet); err != nil {
		return SavedState{}, nil
	}
	return k, nil
}

// Save replaces the file, synced. It sorts k's peers.
func (k SavedState) Save(dir, network string) error {
	slices.SortFunc(k.Peers, func(a, b overlay.Peer) int { return a.Subnet.Compare(b.Subnet) })
	data, err := json.Marshal(k)
	if err == nil {
		err = fstree.Replace(filepath.Join(dir, network+".json"), 0o644, data)
	}
	if err != nil {
		return fmt.Errorf("keep what is known of network %s: %w", network, err)
	}
	return nil
}
