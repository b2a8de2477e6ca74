package shipper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"

	"rundock/internal/registry/tlsfiles"
)

// SettingsFile has the settings, which role logs writes.
const SettingsFile = "/etc/rundock/ship.json"

// Settings are those of rundockd ship.
type Settings struct {
	Version int    `json:"version"`
	To      string `json:"to"`               // SCHEME://HOST[:PORT], see schemes
	CA      string `json:"ca,omitempty"`     // PEM file of what signs the receiver's certificate; "": the system's
	Cert    string `json:"cert,omitempty"`   // PEM files of our certificate and its key, if the receiver asks for one
	Key     string `json:"key,omitempty"`    //
	Buffer  int64  `json:"buffer,omitempty"` // bytes on disk; 0 means 256 MB, at least 1 MB
}

// scheme is a way to send.
type scheme struct {
	port string // where there is none in the address
	tls  bool
	kind string // syslog or fluent
}

var schemes = map[string]scheme{
	"syslog+tls": {"6514", true, "syslog"},
	"fluent":     {"24224", false, "fluent"},
	"fluent+tls": {"24224", true, "fluent"},
}

const (
	defaultBuffer = 256_000_000
	leastBuffer   = 1_000_000
)

// receiver is where logs go.
type receiver struct {
	scheme
	host  string
	port  string
	files tlsfiles.Files // read again for each connection
}

func (r receiver) address() string { return net.JoinHostPort(r.host, r.port) }

// Read reads the settings in a file.
func Read(path string) (Settings, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Settings{}, err
	}
	s, err := parse(data)
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func parse(data []byte) (s Settings, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if s.Version != 1 {
		return s, fmt.Errorf("version is %d, want 1", s.Version)
	}
	if s.Buffer == 0 {
		s.Buffer = defaultBuffer
	}
	if s.Buffer < leastBuffer {
		return s, fmt.Errorf("buffer is %d, want at least %d bytes", s.Buffer, leastBuffer)
	}
	_, err = s.receiver()
	return s, err
}

func (s Settings) receiver() (receiver, error) {
	u, err := url.Parse(s.To)
	if err != nil {
		return receiver{}, fmt.Errorf("to: %w", err)
	}
	how, known := schemes[u.Scheme]
	r := receiver{scheme: how, host: u.Hostname(), port: u.Port(), files: tlsfiles.Files{CA: s.CA, Cert: s.Cert, Key: s.Key}}
	if r.port == "" {
		r.port = how.port
	}
	number, err := strconv.ParseUint(r.port, 10, 16)
	switch {
	case !known:
		return r, fmt.Errorf("to %q: want syslog+tls://HOST:PORT, fluent://HOST:PORT or fluent+tls://HOST:PORT", s.To)
	case r.host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return r, fmt.Errorf("to %q: want a host and a port alone after %s://", s.To, u.Scheme)
	case err != nil || number == 0:
		return r, fmt.Errorf("to %q: %q is no port", s.To, r.port)
	case !how.tls && (s.CA != "" || s.Cert != "" || s.Key != ""):
		return r, fmt.Errorf("to %q goes without TLS, and ca, cert and key are for TLS: want %s+tls://", s.To, u.Scheme)
	case (s.Cert == "") != (s.Key == ""):
		return r, errors.New("cert and key go together")
	}
	return r, nil
}
