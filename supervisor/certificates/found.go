package certificates

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/pki"
)

// checkName refuses what the files of a certificate cannot be called.
func checkName(name string) error {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			name = ""
		}
	}
	if name == "" || name+".crt" == authorityCert {
		return errors.New("name: want lower-case letters, digits and hyphens, and not ca")
	}
	return nil
}

// found is a certificate as the host has it.
type found struct {
	key    *ecdsa.PrivateKey // nil: there is none
	cert   *x509.Certificate // nil: there is none, or unread says why not
	unread string
}

// look reads the two files of a certificate. A key that cannot be read is an
// error: nobody but an administrator takes it away.
func (h host) look(name string) (c found, err error) {
	key, err := os.ReadFile(filepath.Join(h.dir, name+".key"))
	if err == nil {
		if c.key, err = pki.ParseKey(key); err != nil {
			return c, fmt.Errorf("%s.key in %s: %w: remove it to have another one made", name, h.dir, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	return h.lookCertificate(c, name)
}

// lookCertificate adds the certificate itself.
func (h host) lookCertificate(c found, name string) (found, error) {
	data, err := os.ReadFile(filepath.Join(h.dir, name+".crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	certs, wrong := pki.ParseCertificates(data)
	if wrong != nil {
		c.unread = "it cannot be read: " + wrong.Error()
		return c, nil
	}
	c.cert = certs[0]
	return c, nil
}

// due says why another certificate is needed; "" if c is as wanted.
func (c found) due(judge func(*x509.Certificate) pki.Verdict) string {
	switch {
	case c.unread != "":
		return c.unread
	case c.cert == nil:
		return "there is none"
	case c.key == nil:
		return "its key is gone"
	case !pki.Fits(c.cert, c.key):
		return "it is of another key"
	}
	return judge(c.cert).Renew
}
