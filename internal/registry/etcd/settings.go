package etcd

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"rundock/internal/registry/tlsfiles"
)

// Config says where etcd is and who we are to it. Its fields are those of host.json's "etcd".
type Config struct {
	Endpoints []string // URLs, http:// or https://, at least one; all of one scheme

	CA   string // file of PEM certificates that sign the servers'; empty: the system's
	Cert string // our certificate (PEM file), read again for each connection; empty: none
	Key  string // its key; goes with Cert

	User         string // empty: no authentication
	PasswordFile string // goes with User; read again whenever a token is needed
}

// check reports the first bad setting, and returns the TLS configuration:
// nil where the endpoints are http.
func (cfg Config) check() (*tls.Config, error) {
	secure, err := checkEndpoints(cfg.Endpoints)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.User == "" && cfg.PasswordFile != "":
		return nil, fmt.Errorf("etcd password_file %s: set without user", cfg.PasswordFile)
	case cfg.User != "" && cfg.PasswordFile == "":
		return nil, fmt.Errorf("etcd user %s: set without password_file", cfg.User)
	case cfg.User != "":
		if _, err := readPassword(cfg.PasswordFile); err != nil {
			return nil, err
		}
	}
	if !secure {
		// Settings that would be ignored leave an operator believing the
		// connection is encrypted.
		for _, s := range []struct{ name, value string }{{"ca", cfg.CA}, {"cert", cfg.Cert}, {"key", cfg.Key}} {
			if s.value != "" {
				return nil, fmt.Errorf("etcd %s %s: set, but endpoint %s is not https", s.name, s.value, cfg.Endpoints[0])
			}
		}
		return nil, nil
	}
	return tlsfiles.Files{CA: cfg.CA, Cert: cfg.Cert, Key: cfg.Key}.Config("etcd")
}

func checkEndpoints(endpoints []string) (secure bool, err error) {
	if len(endpoints) == 0 {
		return false, errors.New("etcd endpoints: none given")
	}
	for i, endpoint := range endpoints {
		u, err := url.Parse(endpoint)
		if err != nil && strings.Contains(endpoint, "://") {
			return false, fmt.Errorf("etcd endpoint %q: %w", endpoint, err)
		}
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return false, fmt.Errorf("etcd endpoint %q: want a scheme, as in http://address:port or https://address:port", endpoint)
		}
		if u.Hostname() == "" || u.Port() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil {
			return false, fmt.Errorf("etcd endpoint %q: want %s://address:port and nothing else", endpoint, u.Scheme)
		}
		if i > 0 && (u.Scheme == "https") != secure {
			return false, fmt.Errorf("etcd endpoint %q: endpoints mix http and https (%s)", endpoint, endpoints[0])
		}
		secure = u.Scheme == "https"
	}
	return secure, nil
}
