package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"rundock/internal/hostconfig"
)

// SettingsVersion is the format this release reads and writes.
const SettingsVersion = 1

// SettingsDir is where each network of a host has its Settings.
const SettingsDir = "/etc/rundock/overlay"

// SavedDir is where a host keeps the saved state of its networks over a boot.
const SavedDir = hostconfig.StateDir + "/overlay"

// UnreleasedFile is there while a host has left a network and the registry has
// not been told: its subnet is still to be given back.
func UnreleasedFile(network string) string { return filepath.Join(SavedDir, network+".unreleased") }

// Settings is /etc/rundock/overlay/NAME.json: a network as one host joins it.
type Settings struct {
	Version int `json:"version"`
	Network
	Underlay   string       `json:"underlay,omitempty"`   // interface or address by which other hosts reach this one; "": the host's private interface
	Encryption string       `json:"encryption,omitempty"` // "" and "none": none
	Peers      []StaticPeer `json:"peers,omitempty"`      // all hosts, this one as well; empty: those in the registry
}

// StaticPeer is a host of a network that uses no registry.
type StaticPeer struct {
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
}

// Identity stands for the machine id, which no registry tells to others: the VXLAN
// device's MAC follows from the subnet.
func (s StaticPeer) Identity() string { return s.Subnet.String() }

// ParseSettings decodes and checks data. Errors name the field.
func ParseSettings(data []byte) (Settings, error) {
	var s Settings
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Settings{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Settings{}, errors.New("something follows the JSON object")
	}
	if s.Version != SettingsVersion {
		return Settings{}, fmt.Errorf("version is %d, this release reads %d", s.Version, SettingsVersion)
	}
	return s, s.Check()
}

// ReadSettings reads NAME.json in dir. Errors name the file.
func ReadSettings(dir, name string) (Settings, error) {
	path := filepath.Join(dir, name+".json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Settings{}, fmt.Errorf("read network settings: %w", err)
	}
	s, err := ParseSettings(data)
	if err == nil && s.Name != name {
		err = fmt.Errorf("name is %q, and the file's is %q", s.Name, name)
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read network settings %s: %w", path, err)
	}
	return s, nil
}

// Check returns an error that names the first bad field.
func (s Settings) Check() error {
	if err := s.Network.Check(); err != nil {
		return err
	}
	switch s.Encryption {
	case "", "none":
	case "required":
		return errors.New("encryption required: this release has none, and sends nothing in clear that should not be")
	default:
		return fmt.Errorf("encryption %q: want none or required", s.Encryption)
	}
	for i, p := range s.Peers {
		if _, err := s.Index(p.Subnet); err != nil {
			return fmt.Errorf("peers: %w", err)
		}
		if !p.Underlay.IsValid() {
			return fmt.Errorf("peers: %s has no underlay address", p.Subnet)
		}
		if p.Underlay.Is4() != s.Peers[0].Underlay.Is4() {
			return fmt.Errorf("peers: %s and %s are of different families", s.Peers[0].Underlay, p.Underlay)
		}
		for _, q := range s.Peers[:i] {
			if q.Subnet == p.Subnet || q.Underlay == p.Underlay {
				return fmt.Errorf("peers: %s at %s and %s at %s are one too many", q.Subnet, q.Underlay, p.Subnet, p.Underlay)
			}
		}
	}
	return nil
}

// OwnPeer returns the entry of Peers for the host with this address.
func (s Settings) OwnPeer(underlay netip.Addr) (StaticPeer, error) {
	i := slices.IndexFunc(s.Peers, func(p StaticPeer) bool { return p.Underlay == underlay })
	if i < 0 {
		return StaticPeer{}, fmt.Errorf("peers: no entry is this host's, %s", underlay)
	}
	return s.Peers[i], nil
}

// OtherPeers are the peers of the host whose entry of Peers is own.
func (s Settings) OtherPeers(own StaticPeer) []Peer {
	var peers []Peer
	for _, p := range s.Peers {
		if p != own {
			peers = append(peers, Peer{Subnet: p.Subnet, Underlay: p.Underlay, MAC: VxlanMAC(p.Identity(), s.VNI)})
		}
	}
	return peers
}
