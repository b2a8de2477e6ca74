package certificates

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/pki"
)

// nextKey is the key of the authority that is to sign next. Its certificate is in
// ca.crt already, as all have to believe it before it signs.
const nextKey = "next.key"

// rotate makes a step from the authority a to another one. Between two steps all hosts
// have to take up what the first one made.
//
//	begin  another authority is made, and believed beside the one that signs
//	sign   it signs from now on; the one of before is believed beside it
//	end    the one of before is believed no more
//
// A step that was made already is none: so a rotation that broke off goes on.
func (h host) rotate(a pki.Authority, bundle []byte, q control.CertRequest) (r control.CertResponse, err error) {
	r.Authority = string(bundle)
	all, err := pki.ParseCertificates(bundle)
	if err != nil {
		return r, err
	}
	next, err := h.readNext(all)
	if err != nil {
		return r, err
	}
	switch {
	case q.Rotate == control.RotateBegin && len(all) == 1:
		return h.beginRotation(a, q.Check)
	case q.Rotate == control.RotateSign && next != nil:
		return h.signByNext(a, next, q.Check)
	case q.Rotate == control.RotateSign && len(all) == 1:
		return r, fmt.Errorf("authority %s: there is no other one to sign: begin the rotation", h.authority)
	case q.Rotate == control.RotateEnd && next != nil:
		return r, fmt.Errorf("authority %s: the one of before still signs, and would not be believed", h.authority)
	case q.Rotate == control.RotateEnd && len(all) > 1:
		return h.believe("the authority of before is believed no more", q.Check, a.Cert)
	}
	return r, nil
}

// readNext returns the certificate of the authority that is to sign next; nil: there
// is none. The first of all signs. A key without a certificate is of a beginning that
// broke off, and the one that signs may have its key there still.
func (h host) readNext(all []*x509.Certificate) (*x509.Certificate, error) {
	data, err := os.ReadFile(filepath.Join(h.authority, nextKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := pki.ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %s: %w", h.authority, nextKey, err)
	}
	for _, c := range all[1:] {
		if pki.Fits(c, key) {
			return c, nil
		}
	}
	return nil, nil
}

func (h host) beginRotation(a pki.Authority, check bool) (r control.CertResponse, err error) {
	next, err := pki.NewAuthority(a.Cert.Subject.CommonName, h.now)
	if err != nil {
		return r, err
	}
	key, err := pki.EncodeKey(next.Key)
	if err != nil {
		return r, err
	}
	// The key first: a certificate without one could never sign.
	if _, err := fstree.Put(h.authority, fstree.File{Path: nextKey, Mode: 0o600, Data: key, Secret: true}, check); err != nil {
		return r, fmt.Errorf("authority: %w", err)
	}
	return h.believe("another authority made, which is believed and does not sign yet", check, a.Cert, next.Cert)
}

func (h host) signByNext(a pki.Authority, next *x509.Certificate, check bool) (r control.CertResponse, err error) {
	key, err := os.ReadFile(filepath.Join(h.authority, nextKey))
	if err == nil {
		// This file is the whole step: the certificate that signs is that of the key.
		_, err = fstree.Put(h.authority, fstree.File{Path: authorityKey, Mode: 0o600, Data: key, Secret: true}, check)
	}
	if err == nil {
		_, err = fstree.Delete(h.authority, nextKey, check)
	}
	if err != nil {
		return r, fmt.Errorf("authority: %w", err)
	}
	return h.believe("the other authority signs", check, next, a.Cert)
}

// believe writes which authorities are believed, the one that signs first.
func (h host) believe(action string, check bool, certs ...*x509.Certificate) (r control.CertResponse, err error) {
	bundle := pki.Bundle(certs...)
	done, err := fstree.Put(h.authority, fstree.File{Path: authorityCert, Mode: 0o644, Data: bundle}, check)
	if err != nil {
		return r, fmt.Errorf("authority: %w", err)
	}
	r.Authority, r.Actions, r.Diff = string(bundle), []string{action}, described(done).Diff()
	return r, nil
}

// endsSoon is what the play says while there is time.
func (h host) endsSoon(a pki.Authority) []string {
	v := pki.Judge(a.Cert, []*x509.Certificate{a.Cert}, pki.Wanted{}, h.now)
	if v.State != pki.EndsSoon {
		return nil
	}
	return []string{"the authority: " + v.Text + ", and all certificates with it: playbooks/rotate-ca.yml makes another one"}
}
