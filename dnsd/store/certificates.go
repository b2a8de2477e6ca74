package store

import (
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// Certificates are PEM files by which the store and its clients know each other.
// The store's own is read again for each connection, so a new one needs no
// restart.
type Certificates struct {
	CA   string // authorities that sign clients' certificates, and other members'
	Cert string // the store's own; one that may be used as a client's, too
	Key  string // its key

	// Member is a name that the certificates of all members have, and no other one of
	// the authorities: a client's is no member's. Empty: any is taken for one.
	Member string
}

// check returns an error that names what is missing. secure says whether
// anything listens by https.
func (c Certificates) check(secure bool) error {
	for _, f := range []struct{ name, file string }{{"authority", c.CA}, {"certificate", c.Cert}, {"key", c.Key}} {
		if secure && f.file == "" {
			return fmt.Errorf("store: a listen URL is https, and there is no file of its %s", f.name)
		}
		if !secure && f.file != "" {
			return fmt.Errorf("store: file %s of its %s is given, and no listen URL is https", f.file, f.name)
		}
	}
	if !secure && c.Member != "" {
		return fmt.Errorf("store: the name %s of members' certificates is given, and no listen URL is https", c.Member)
	}
	return nil
}

func (c Certificates) info() transport.TLSInfo {
	return transport.TLSInfo{TrustedCAFile: c.CA, CertFile: c.Cert, KeyFile: c.Key, ClientCertAuth: true}
}

// secure has etcd ask for certificates where it listens by https.
func (c Certificates) secure(cfg *embed.Config) error {
	if c == (Certificates{}) {
		return nil
	}
	cfg.ClientTLSInfo, cfg.PeerTLSInfo = c.info(), c.info()
	if c.Member != "" {
		cfg.PeerTLSInfo.AllowedHostnames = []string{c.Member}
	}
	// What is wrong with a file is said here with its name, by etcd without.
	if _, err := c.info().ServerConfig(); err != nil {
		return fmt.Errorf("store certificates %s, %s, %s: %w", c.CA, c.Cert, c.Key, err)
	}
	return nil
}

// args are the flags of the store's process for its certificates. It reads the
// authorities once: with others it is another process.
func (c Certificates) args() []string {
	if c == (Certificates{}) {
		return nil
	}
	args := []string{"--ca", c.CA, "--ca-sum", sumOf(c.CA), "--cert", c.Cert, "--key", c.Key}
	if c.Member != "" {
		args = append(args, "--member-name", c.Member)
	}
	return args
}

// sumOf tells one set of authorities from another, in whichever order they are.
func sumOf(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "" // the store says so when it starts
	}
	var certs []string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certs = append(certs, string(block.Bytes))
	}
	slices.Sort(certs)
	return fmt.Sprintf("%.8x", sha256.Sum256([]byte(strings.Join(certs, ""))))
}

func isSecure(listen string) bool {
	u, err := url.Parse(listen)
	return err == nil && u.Scheme == "https"
}
