package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	day = 24 * time.Hour

	// Life is how long a certificate is good for, at most as long as its
	// authority's.
	Life          = 365 * day
	authorityLife = 10 * 365 * day

	// backdated is how far the clock of a host may be behind the authority's.
	backdated = 10 * time.Minute
)

// Profile is what a certificate is for.
type Profile string

// A client is known by its subject, a server by its names.
const (
	Client Profile = "client"
	Server Profile = "server"
	Peer   Profile = "peer" // both: a member of a cluster
)

// Profiles are all of them.
var Profiles = []Profile{Client, Server, Peer}

// usages are what a certificate of the profile may be used for.
func (p Profile) usages() []x509.ExtKeyUsage {
	switch p {
	case Client:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case Server:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	case Peer:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	return nil
}

// Wanted is what a certificate is to say.
type Wanted struct {
	Subject string // its common name, by which etcd knows a user
	Profile Profile
	Names   []string // DNS names and IP addresses that a server has; none for a client
}

// Check returns an error that names what is wrong with w.
func (w Wanted) Check() error {
	switch {
	case w.Subject == "" || len(w.Subject) > 64: // RFC 5280, ub-common-name
		return fmt.Errorf("subject %q: want 1 to 64 bytes", w.Subject)
	case !slices.Contains(Profiles, w.Profile):
		return fmt.Errorf("profile %q: want one of %q", w.Profile, Profiles)
	case w.Profile == Client && len(w.Names) > 0:
		return fmt.Errorf("names %q: a client has none", w.Names)
	case w.Profile != Client && len(w.Names) == 0:
		return fmt.Errorf("names: a %s has at least one", w.Profile)
	}
	for _, name := range w.Names {
		if _, err := netip.ParseAddr(name); err != nil && !isName(name) {
			return fmt.Errorf("names: %q is neither a DNS name nor an IP address", name)
		}
	}
	return nil
}

// isName is about characters alone: what a resolver gives or not is not asked.
func isName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return s != "" && len(s) <= 253
}

// Authority signs.
type Authority struct {
	Cert *x509.Certificate
	Key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority that signs from now on. name is for people.
func NewAuthority(name string, now time.Time) (Authority, error) {
	key, err := newKey()
	if err != nil {
		return Authority{}, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := certify(template, template, &key.PublicKey, key)
	if err != nil {
		return Authority{}, fmt.Errorf("make an authority: %w", err)
	}
	return Authority{Cert: cert, Key: key}, nil
}

// ReadAuthority reads an authority from its two files. Of several certificates that
// of the key signs; others are those of authorities that are believed beside it.
func ReadAuthority(cert, key []byte) (a Authority, others []*x509.Certificate, err error) {
	all, err := ParseCertificates(cert)
	if err != nil {
		return a, nil, err
	}
	if a.Key, err = ParseKey(key); err != nil {
		return a, nil, err
	}
	at := slices.IndexFunc(all, func(c *x509.Certificate) bool { return Fits(c, a.Key) })
	if at < 0 {
		return Authority{}, nil, errors.New("certificate and key of the authority do not belong together")
	}
	a.Cert = all[at]
	return a, slices.Delete(all, at, at+1), nil
}

// Sign returns the certificate, PEM, that w asks for, of the key in request. The
// request says nothing else: who may have which name is not its sender's to say.
func (a Authority) Sign(request []byte, w Wanted, now time.Time) ([]byte, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(request)
	if block == nil || block.Type != typeRequest {
		return nil, errors.New("request: no PEM certificate request in it")
	}
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = asked.CheckSignature() // whoever asks has the key
	}
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	public, ok := asked.PublicKey.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, errors.New("request: its key is not ECDSA P-256")
	}
	end := now.Add(Life)
	if a.Cert.NotAfter.Before(end) {
		end = a.Cert.NotAfter
	}
	if !now.Before(end) {
		return nil, fmt.Errorf("the authority ended on %s", date(end))
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: w.Subject},
		NotBefore: now.Add(-backdated), NotAfter: end,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature, ExtKeyUsage: w.Profile.usages(),
	}
	for _, name := range w.Names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.Unmap().AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	cert, err := certify(template, a.Cert, public, a.Key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return Bundle(cert), nil
}

// certify signs, with a serial number of 20 random bytes, which CreateCertificate
// makes where the template has none.
func certify(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// NewKey makes a private key, as PEM.
func NewKey() ([]byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	return EncodeKey(key)
}

// EncodeKey is the PEM of a key.
func EncodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: typeKey, Bytes: der}), nil
}

// NewRequest makes a request, PEM, by which whoever has key asks for a certificate.
func NewRequest(key *ecdsa.PrivateKey, subject string) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: subject}}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: typeRequest, Bytes: der}), nil
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02") }
