// Package tlsfiles makes the TLS configuration of a store's client from PEM
// files.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Files are paths of PEM files.
type Files struct {
	CA   string // certificates that sign the server's; empty: the system's
	Cert string // our certificate, read again for each connection; empty: none
	Key  string // its key; goes with Cert
}

// Config reads the files. An error begins with the store's name and that of
// the setting.
func (f Files) Config(store string) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("%s ca: %w", store, err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s ca %s: no PEM certificate in it", store, f.CA)
		}
	}
	switch {
	case f.Cert == "" && f.Key == "":
		return out, nil
	case f.Key == "":
		return nil, fmt.Errorf("%s cert %s: set without key", store, f.Cert)
	case f.Cert == "":
		return nil, fmt.Errorf("%s key %s: set without cert", store, f.Key)
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("%s cert %s, key %s: %w", store, f.Cert, f.Key, err)
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return out, nil
}
