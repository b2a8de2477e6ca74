package consul

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"rundock/internal/registry/tlsfiles"
)

// Config says where Consul's agent is and who we are to it. Its fields are
// those of host.json's "consul".
type Config struct {
	Address    string // URL of the agent, http:// or https://
	Datacenter string // empty: the agent's own

	CA   string // file of PEM certificates that sign the agent's; empty: the system's
	Cert string // our certificate (PEM file), read again for each connection; empty: none
	Key  string // its key; goes with Cert

	TokenFile string // file of the ACL token, read again for each request; empty: none
}

// check returns the agent's URL and the transport to it, or the first bad
// setting.
func (cfg Config) check() (*url.URL, *http.Transport, error) {
	if cfg.Address == "" {
		return nil, nil, errors.New("consul address: none given")
	}
	u, err := url.Parse(cfg.Address)
	switch {
	case err != nil && strings.Contains(cfg.Address, "://"):
		return nil, nil, fmt.Errorf("consul address %q: %w", cfg.Address, err)
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return nil, nil, fmt.Errorf("consul address %q: want a scheme, as in http://address:port or https://address:port", cfg.Address)
	case u.Hostname() == "" || u.Port() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil:
		return nil, nil, fmt.Errorf("consul address %q: want %s://address:port and nothing else", cfg.Address, u.Scheme)
	}
	if _, err := cfg.token(); err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: idleConnection, DialContext: dialer.DialContext}
	if u.Scheme == "https" {
		transport.TLSClientConfig, err = tlsfiles.Files{CA: cfg.CA, Cert: cfg.Cert, Key: cfg.Key}.Config("consul")
		return u, transport, err
	}
	// Settings that would be ignored leave an operator believing the connection
	// is encrypted.
	for _, s := range []struct{ name, value string }{{"ca", cfg.CA}, {"cert", cfg.Cert}, {"key", cfg.Key}} {
		if s.value != "" {
			return nil, nil, fmt.Errorf("consul %s %s: set, but address %s is not https", s.name, s.value, cfg.Address)
		}
	}
	return u, transport, nil
}

// token returns the ACL token; "": none.
func (cfg Config) token() (string, error) {
	if cfg.TokenFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(cfg.TokenFile)
	if err != nil {
		return "", fmt.Errorf("consul token_file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("consul token_file %s: it is empty", cfg.TokenFile)
	}
	return token, nil
}
