package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/hostconfig"
)

// SettingsVersion is the format this release reads and writes.
const SettingsVersion = 1

// SettingsDir is where each network of a host has its Settings.
const SettingsDir = "/etc/rundock/overlay"

// SavedDir is where a host keeps the saved state of its networks over a boot.
const SavedDir = hostconfig.StateDir + "/overlay"

// UnreleasedFile is there while a host has left a network and the store has
// not been told: its subnet is still to be given back.
func UnreleasedFile(network string) string { return filepath.Join(SavedDir, network+".unreleased") }

// Settings is /etc/rundock/overlay/NAME.json: a network as one host joins it.
type Settings struct {
	Version int `json:"version"`
	Network
	Underlay   string       `json:"underlay,omitempty"`   // interface or address by which other hosts reach this one; "": the host's private interface
	Encryption string       `json:"encryption,omitempty"` // "" and "none": none
	Peers      []StaticPeer `json:"peers,omitempty"`      // all hosts, this one as well; empty: those in the store
	Domains    []string     `json:"domains,omitempty"`    // in which dnsd looks for names that the network's containers ask for without one, in this order
}

// StaticPeer is a host of a network that uses no store.
type StaticPeer struct {
	Subnet   netip.Prefix `json:"subnet"`
	Underlay netip.Addr   `json:"underlay"`
}

// Identity stands for the machine id, which no store tells to others: the VXLAN
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

// ReadSavedSettings reads the settings by which this host is in a network, as its
// agent saved them in dir: nil where it saved nothing.
func ReadSavedSettings(dir, name string) (*Settings, error) {
	path := filepath.Join(dir, name+".json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var saved struct {
		Settings *Settings `json:"settings"`
	}
	if err == nil {
		err = json.Unmarshal(data, &saved)
	}
	switch {
	case err != nil:
	case saved.Settings == nil:
		err = errors.New("it has no settings, as that of a former release")
	default:
		err = saved.Settings.Check()
	}
	if err == nil && saved.Settings.Name != name {
		err = fmt.Errorf("name is %q, and the file's is %q", saved.Settings.Name, name)
	}
	if err != nil {
		return nil, fmt.Errorf("settings saved in %s: %w", path, err)
	}
	return saved.Settings, nil
}

// Differences names, for people, what all hosts of a network share and s has otherwise
// than was has it: then nothing of the one fits the other.
func (s Settings) Differences(was Settings) (fields []string) {
	differ := func(name string, is, was any) {
		if was != is {
			fields = append(fields, fmt.Sprintf("%s %v (it is %v)", name, is, was))
		}
	}
	differ("cidr", s.CIDR, was.CIDR)
	differ("subnet_length", s.SubnetLength, was.SubnetLength)
	differ("vni", s.VNI, was.VNI)
	differ("port", s.UDPPort(), was.UDPPort())
	differ("internal", s.Internal, was.Internal)
	by := func(s Settings) string {
		if len(s.Peers) > 0 {
			return "given"
		}
		return "in the store"
	}
	differ("peers", by(s), by(was))
	if len(s.Peers) == 0 {
		differ("mtu", s.MTUText(), was.MTUText()) // which is in the store
	}
	return fields
}

// ChangedSettings is what is wrong where a network's settings are not those by which
// this host is in it; the zero Fault where they are.
func ChangedSettings(s, joined Settings) Fault {
	fields := s.Differences(joined)
	if fields == nil {
		return Fault{}
	}
	return Fault{
		What: fmt.Sprintf("%s was changed to %s while this host is in network %s", filepath.Join(SettingsDir, s.Name+".json"), strings.Join(fields, ", "), s.Name),
		Next: "call rundock_overlay with the values as they are in parentheses, which writes it again; or have all hosts leave the network first, by state=absent",
	}
}

// LostSettings is what is wrong where the settings of a network are lost; s is zero where they
// are not known any more.
func LostSettings(name string, s Settings) Fault {
	values := "the values that its other hosts have"
	if s.CIDR.IsValid() {
		values = fmt.Sprintf("cidr=%s vni=%d", s.CIDR, s.VNI)
	}
	return Fault{
		What: fmt.Sprintf("%s is gone, and this host is still in network %s", filepath.Join(SettingsDir, name+".json"), name),
		Next: fmt.Sprintf("call rundock_overlay with name=%s %s, which writes it again, or state=absent, which takes this host out of the network", name, values),
	}
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
	for _, domain := range s.Domains {
		if !isDomain(domain) {
			return fmt.Errorf("domains: %q is no domain, as shop.s.prod.example.com is one", domain)
		}
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

// isDomain reports whether s is a DNS name in lower case, without a final dot, in which
// dnsd may have records.
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if len(label) < 1 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(s) <= 253
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
