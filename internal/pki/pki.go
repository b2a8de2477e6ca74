// Package pki makes and judges the certificates of a site: those of an
// authority, which one host keeps, and those that it signs for programs of all
// hosts. It reads and writes no file.
//
// Keys are ECDSA P-256 in PKCS #8. All is PEM, as etcd, Docker and the image
// registry read it. An authority's file holds the certificate that signs first;
// behind it there may be another one, which is believed as well: the one that is to
// sign next, or the one before, for certificates that are not renewed yet.
//
// Source: RFC 5280 (certificates), RFC 2986 (requests).
package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const (
	typeCertificate = "CERTIFICATE"
	typeKey         = "PRIVATE KEY"
	typeRequest     = "CERTIFICATE REQUEST"
)

// ParseCertificates reads all certificates of a PEM file, of which there is at
// least one.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != typeCertificate {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(all)+1, err)
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, errors.New("no PEM certificate in it")
	}
	return all, nil
}

// Bundle is the PEM of certificates.
func Bundle(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		pem.Encode(&b, &pem.Block{Type: typeCertificate, Bytes: c.Raw})
	}
	return b.Bytes()
}

// ParseKey reads a private key.
func ParseKey(data []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != typeKey {
		return nil, errors.New("no PEM private key in it")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	own, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("private key: it is a %T, want ECDSA", key)
	}
	return own, nil
}

// Fits reports whether a certificate is of this key.
func Fits(cert *x509.Certificate, key *ecdsa.PrivateKey) bool {
	public, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return ok && public.Equal(&key.PublicKey)
}
