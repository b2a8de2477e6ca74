package overlay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// MAC is an Ethernet address.
type MAC [6]byte

func (m MAC) String() string {
	var b strings.Builder
	for i, x := range m {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(hex.EncodeToString([]byte{x}))
	}
	return b.String()
}

// ParseMAC reads six pairs of lower-case digits with colons between them.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	raw, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err == nil {
		copy(m[:], raw)
	}
	if err != nil || m.String() != s {
		return MAC{}, fmt.Errorf("%q is no MAC address such as 02:00:00:00:00:01", s)
	}
	return m, nil
}

// MarshalText and UnmarshalText make it a string in JSON.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText: see MarshalText.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}

// VxlanMAC is the address of a host's VXLAN device. It follows from the host's
// machine id and the VNI, so that a device that is made anew is the same to
// all others.
func VxlanMAC(machine string, vni uint32) MAC { return derive("vxlan", machine, vni) }

// BridgeMAC is the address of a host's bridge, which containers have as their
// gateway's.
func BridgeMAC(machine string, vni uint32) MAC { return derive("bridge", machine, vni) }

func derive(of, machine string, vni uint32) MAC {
	sum := sha256.Sum256(fmt.Appendf(nil, "rundock %s %s %d", of, machine, vni))
	m := MAC(sum[:6])
	m[0] = m[0]&^1 | 2 // for one station, locally administered
	return m
}
