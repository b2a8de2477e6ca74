// Package hostconfig reads /etc/rundock/host.json, the facts about one host
// that modules and rundockd share: its name, its DNS zone, its interfaces,
// and how to reach the store. The host role of the playbooks writes it.
//
// The format is JSON with a version; an unknown field is an error, so that a
// misspelt setting is never silently a default. Secrets are given by path.
package hostconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Path is where the host role writes the configuration (mode 0644).
const Path = "/etc/rundock/host.json"

// Private, in Config.DNS, stands for the host's private address, whatever that
// is at the time.
const Private = "private"

// Version is the format this release reads and writes.
const Version = 1

// Config is host.json. The zero of an optional field is documented with it.
type Config struct {
	Version    int       `json:"version"`
	Host       string    `json:"host"`                  // lower-case first label of the host name
	Domain     string    `json:"domain"`                // "prod.example.com"
	Label      string    `json:"label"`                 // "s": services are <name>.s.prod.example.com
	Public     Interface `json:"public,omitzero"`       // zero: eth0
	Private    Interface `json:"private,omitzero"`      // zero: eth1 where both eth0 and eth1 exist, else eth0
	Store      string    `json:"store,omitempty"`       // StoreEtcd or StoreConsul; zero: etcd where there are both
	StoreAgent bool      `json:"store_agent,omitempty"` // earlier releases use the store by rundockd store where it is set; this one always does
	Etcd       Etcd      `json:"etcd,omitzero"`         // zero: no etcd. Without any store announcing is an error
	Consul     Consul    `json:"consul,omitzero"`       // zero: no Consul
	DNS        []string  `json:"dns,omitempty"`         // resolvers given to containers: addresses, or Private; empty: Docker's own choice
	Runit      Runit     `json:"runit,omitzero"`        // zero: detected
}

// Interface names a network interface by its kernel name.
type Interface struct {
	Interface string `json:"interface,omitempty"`
}

// Etcd says how to reach the store. Paths are absolute.
type Etcd struct {
	Endpoints    []string `json:"endpoints,omitempty"` // URLs, "http://10.0.0.5:2379"
	CA           string   `json:"ca,omitempty"`
	Cert         string   `json:"cert,omitempty"`
	Key          string   `json:"key,omitempty"`
	User         string   `json:"user,omitempty"`
	PasswordFile string   `json:"password_file,omitempty"`
}

// Consul says how to reach the host's agent of Consul. Paths are absolute.
type Consul struct {
	Address    string `json:"address,omitempty"`    // URL, "http://127.0.0.1:8500"; zero: no Consul
	Datacenter string `json:"datacenter,omitempty"` // zero: the agent's own
	CA         string `json:"ca,omitempty"`
	Cert       string `json:"cert,omitempty"`
	Key        string `json:"key,omitempty"`
	TokenFile  string `json:"token_file,omitempty"` // of the ACL token
}

// Names of the stores, as Config.Store has them.
const (
	StoreEtcd   = "etcd"
	StoreConsul = "consul"
)

// Stores are the names of the stores that there are settings for. The first is
// the host's own: overlay networks are in it, and records are in all.
func (c Config) Stores() []string {
	var all []string
	if len(c.Etcd.Endpoints) > 0 {
		all = append(all, StoreEtcd)
	}
	if c.Consul.Address != "" {
		all = append(all, StoreConsul)
	}
	if c.Store == StoreConsul {
		slices.Reverse(all)
	}
	return all
}

// OwnStore is the name of the host's own store; "" where it has none.
func (c Config) OwnStore() string {
	if all := c.Stores(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// StoreTitle is a store's name as people write it: etcd, Consul.
func StoreTitle(store string) string {
	if store == StoreConsul {
		return "Consul"
	}
	return store
}

// Runit names the folders of runit on this host.
type Runit struct {
	SV      string `json:"sv,omitempty"`      // service directories; zero: /etc/sv
	Service string `json:"service,omitempty"` // links runsvdir scans; zero: the first of /etc/service, /var/service, /service
}

// Load reads and checks the file at path. Errors name the path and the field.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read host configuration: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("read host configuration %s: %w", path, err)
	}
	return c, nil
}

// Parse decodes and checks host.json. Errors name the field, and the line
// where the JSON itself is broken.
func Parse(data []byte) (Config, error) {
	var c Config
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, located(data, err, dec.InputOffset())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("something follows the JSON object")
	}
	return c, c.check()
}

// located adds the line of a decoding error: the reader has an editor open.
func located(data []byte, err error, offset int64) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	}
	line := 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
	return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}

func (c Config) check() error {
	if c.Version != Version {
		return fmt.Errorf("version is %d, this release reads %d", c.Version, Version)
	}
	if !isLabel(c.Host) {
		return fmt.Errorf("host %q is not a lower-case DNS label", c.Host)
	}
	for _, l := range strings.Split(c.Domain, ".") {
		if !isLabel(l) {
			return fmt.Errorf("domain %q is not a lower-case DNS name", c.Domain)
		}
	}
	if !isLabel(c.Label) {
		return fmt.Errorf("label %q is not a lower-case DNS label", c.Label)
	}
	for _, e := range c.Etcd.Endpoints {
		if !strings.HasPrefix(e, "http://") && !strings.HasPrefix(e, "https://") {
			return fmt.Errorf("etcd.endpoints: %q does not begin with http:// or https://", e)
		}
	}
	if a := c.Consul.Address; a != "" && !strings.HasPrefix(a, "http://") && !strings.HasPrefix(a, "https://") {
		return fmt.Errorf("consul.address: %q does not begin with http:// or https://", a)
	}
	switch c.Store {
	case "":
	case StoreEtcd, StoreConsul:
		if !slices.Contains(c.Stores(), c.Store) {
			return fmt.Errorf("store is %q, and there are no settings of it", c.Store)
		}
	default:
		return fmt.Errorf("store is %q: want %s or %s", c.Store, StoreEtcd, StoreConsul)
	}
	if c.StoreAgent && c.OwnStore() == "" {
		return errors.New("store_agent is set, and there are no settings of a store")
	}
	for name, path := range map[string]string{"consul.ca": c.Consul.CA, "consul.cert": c.Consul.Cert, "consul.key": c.Consul.Key, "consul.token_file": c.Consul.TokenFile, "etcd.ca": c.Etcd.CA, "etcd.cert": c.Etcd.Cert, "etcd.key": c.Etcd.Key, "etcd.password_file": c.Etcd.PasswordFile, "runit.sv": c.Runit.SV, "runit.service": c.Runit.Service} {
		if path != "" && !strings.HasPrefix(path, "/") {
			return fmt.Errorf("%s: %q is not an absolute path", name, path)
		}
	}
	for _, s := range c.DNS {
		if _, err := netip.ParseAddr(s); err != nil && s != Private {
			return fmt.Errorf("dns: %q is not an IP address, nor %q, which is the host's private one", s, Private)
		}
	}
	return nil
}

// Zone is the DNS zone of announced services, without a trailing dot:
// "s.prod.example.com".
func (c Config) Zone() string { return c.Label + "." + c.Domain }

// isLabel reports whether s is a host name label: 1 to 63 of a-z, 0-9 and
// hyphens, not beginning or ending with a hyphen (RFC 1123).
func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}
