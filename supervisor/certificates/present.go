package certificates

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/pki"
)

// present does nothing unless all of q can be done.
func (h host) present(q control.CertRequest) (r control.CertResponse, err error) {
	if q.Authority == "" {
		data, err := os.ReadFile(filepath.Join(h.dir, authorityCert))
		if err != nil {
			return r, fmt.Errorf("authority: none is given, and the host has none yet: %w", err)
		}
		q.Authority = string(data)
	}
	authorities, err := pki.ParseCertificates([]byte(q.Authority))
	if err != nil {
		return r, fmt.Errorf("authority: %w", err)
	}
	steps := make([]step, len(q.Certificates))
	for i, c := range q.Certificates {
		if steps[i], err = h.plan(c, authorities, q.Issued[c.Name]); err != nil {
			return r, fmt.Errorf("certificate %s: %w", c.Name, err)
		}
	}
	changes := fstree.Changes{Dir: h.dir}
	note := func(c fstree.Changes, action string) {
		if c.Changed() {
			changes = changes.Then(c)
			r.Actions = append(r.Actions, action)
		}
	}
	if !q.Check {
		if err := folder(h.dir, 0o755); err != nil {
			return r, err
		}
	}
	done, err := fstree.Put(h.dir, fstree.File{Path: authorityCert, Mode: 0o644, Data: pki.Bundle(authorities...)}, q.Check)
	note(done, "authority's certificate installed")
	r.Requests = map[string]string{}
	for i := 0; i < len(steps) && err == nil; i++ {
		s := steps[i]
		does := "given its group and mode"
		if s.key == nil {
			does = "made"
		}
		if done, err = h.keepKey(&s, q.Check); err != nil {
			break
		}
		note(done, "key "+s.Name+" "+does)
		switch {
		case s.reason == "":
		case s.issued != nil:
			done, err = fstree.Put(h.dir, fstree.File{Path: s.Name + ".crt", Mode: 0o644, Data: s.issued}, q.Check)
			note(done, "certificate "+s.Name+" installed: "+s.reason)
		default:
			r.Actions = append(r.Actions, "certificate "+s.Name+" asked for: "+s.reason)
			if !q.Check {
				r.Requests[s.Name], err = request(s)
			}
		}
	}
	r.Diff = described(changes).Diff()
	return r, err
}

// plan decides what is to be done about a certificate. Issued is what the
// authority has signed for it, if anything.
func (h host) plan(c control.Certificate, authorities []*x509.Certificate, issued string) (s step, err error) {
	s = step{Certificate: c}
	if err := checkName(c.Name); err != nil {
		return s, err
	}
	if err := wanted(c).Check(); err != nil {
		return s, err
	}
	if s.group, err = groupID(c.Group); err != nil {
		return s, err
	}
	if s.found, err = h.look(c.Name); err != nil {
		return s, err
	}
	judge := func(cert *x509.Certificate) pki.Verdict { return pki.Judge(cert, authorities, wanted(c), h.now) }
	if s.reason = s.due(judge); s.reason == "" || issued == "" {
		return s, nil
	}
	certs, err := pki.ParseCertificates([]byte(issued))
	switch {
	case err != nil:
		return s, fmt.Errorf("what was signed: %w", err)
	case s.key == nil || !pki.Fits(certs[0], s.key):
		return s, errors.New("what was signed is of another key than this host's")
	}
	if v := judge(certs[0]); !v.Good() {
		return s, fmt.Errorf("what was signed is not taken: %s", v.Text)
	}
	s.issued = pki.Bundle(certs[0])
	return s, nil
}

// request has the host ask for a certificate.
func request(s step) (string, error) {
	request, err := pki.NewRequest(s.key, s.Subject)
	return string(request), err
}

// absent takes certificates away.
func (h host) absent(q control.CertRequest) (r control.CertResponse, err error) {
	changes := fstree.Changes{Dir: h.dir}
	for _, c := range q.Certificates {
		if err := checkName(c.Name); err != nil {
			return r, fmt.Errorf("certificate %s: %w", c.Name, err)
		}
	}
	for _, c := range q.Certificates {
		var gone fstree.Changes
		for _, file := range []string{c.Name + ".crt", c.Name + ".key"} {
			done, err := fstree.Delete(h.dir, file, q.Check)
			if err != nil {
				return r, err
			}
			gone = gone.Then(done)
		}
		if gone.Changed() {
			gone.Dir = h.dir
			changes = changes.Then(gone)
			r.Actions = append(r.Actions, "certificate "+c.Name+" removed")
		}
	}
	r.Diff = described(changes).Diff()
	return r, nil
}
