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
	"rundock/supervisor/report"
)

// readAuthority reads the authority and the certificates of its file, of which
// there may be more: its own comes first. An error wraps fs.ErrNotExist where there is no authority.
func (h host) readAuthority() (a pki.Authority, bundle []byte, err error) {
	a, others, err := h.readFiles()
	if err != nil {
		return a, nil, err
	}
	switch v := pki.Judge(a.Cert, []*x509.Certificate{a.Cert}, pki.Wanted{}, h.now); v.State {
	case pki.Expired, pki.NotYet:
		return a, nil, fmt.Errorf("authority %s: %s", h.authority, v.Text)
	}
	return a, pki.Bundle(append([]*x509.Certificate{a.Cert}, others...)...), nil
}

// readFiles is readAuthority without a look at the clock.
func (h host) readFiles() (a pki.Authority, others []*x509.Certificate, err error) {
	cert, certErr := os.ReadFile(filepath.Join(h.authority, authorityCert))
	key, keyErr := os.ReadFile(filepath.Join(h.authority, authorityKey))
	switch {
	case errors.Is(certErr, fs.ErrNotExist) != errors.Is(keyErr, fs.ErrNotExist):
		return a, nil, fmt.Errorf("authority %s: of %s and %s one is missing: restore it from the backup, or remove both", h.authority, authorityCert, authorityKey)
	case certErr != nil || keyErr != nil:
		return a, nil, fmt.Errorf("authority: %w", errors.Join(certErr, keyErr))
	}
	if a, others, err = pki.ReadAuthority(cert, key); err != nil {
		return a, nil, fmt.Errorf("authority %s: %w", h.authority, err)
	}
	return a, others, nil
}

// verify is `rundockd cert verify`: whether the two files are an authority, also one that ended.
func (h host) verify() int {
	if _, _, err := h.readFiles(); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd cert:", err)
		return 1
	}
	return report.ExitWell
}

// makeAuthority makes an authority where there is none.
func (h host) makeAuthority(q control.CertRequest) (r control.CertResponse, err error) {
	a, bundle, err := h.readAuthority()
	switch {
	case err == nil && q.Rotate != "":
		return h.rotate(a, bundle, q)
	case err == nil:
		r.Authority, r.Warnings = string(bundle), h.endsSoon(a)
		return r, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if q.Title == "" {
		return r, fmt.Errorf("authority %s: there is none, and no title to make one by", h.authority)
	}
	if a, err = pki.NewAuthority(q.Title, h.now); err != nil {
		return r, err
	}
	key, err := pki.EncodeKey(a.Key)
	if err != nil {
		return r, err
	}
	bundle = pki.Bundle(a.Cert)
	if !q.Check {
		if err := folderAbove(h.authority); err != nil {
			return r, fmt.Errorf("authority: %w", err)
		}
		// Apply makes a folder whole that does not exist: there is never a certificate without its key. One with other files in it stays.
		os.Remove(h.authority)
	}
	done, err := fstree.Apply(h.authority, []fstree.File{
		{Path: authorityCert, Mode: 0o644, Data: bundle},
		{Path: authorityKey, Mode: 0o600, Data: key, Secret: true},
	}, q.Check)
	if err == nil && !q.Check {
		err = os.Chmod(h.authority, 0o700)
	}
	if err != nil {
		return r, fmt.Errorf("authority: %w", err)
	}
	r.Actions = []string{"authority made"}
	r.Diff = described(done).Diff()
	if q.Check {
		return r, nil
	}
	r.Authority = string(bundle)
	return r, nil
}

// sign signs all requests, or none.
func (h host) sign(q control.CertRequest) (r control.CertResponse, err error) {
	a, _, err := h.readAuthority()
	if err != nil {
		return r, err
	}
	r.Issued = map[string]map[string]string{}
	for _, each := range q.Requests {
		cert, err := a.Sign([]byte(each.Request), wanted(each.Certificate), h.now)
		if err != nil {
			return control.CertResponse{}, fmt.Errorf("certificate %s of %s: %w", each.Name, each.Host, err)
		}
		if r.Issued[each.Host] == nil {
			r.Issued[each.Host] = map[string]string{}
		}
		r.Issued[each.Host][each.Name] = string(cert)
		r.Actions = append(r.Actions, fmt.Sprintf("certificate %s of %s signed", each.Name, each.Host))
	}
	if q.Check {
		r.Issued = nil
	}
	return r, nil
}
