package certificates

import (
	"rundock/internal/control"
	"rundock/internal/pki"
)

// step is what is to be done about one certificate.
type step struct {
	control.Certificate
	found
	reason string // why; "": nothing
	issued []byte // the certificate to install; nil: ask for one
	group  int
}

func wanted(c control.Certificate) pki.Wanted {
	return pki.Wanted{Subject: c.Subject, Profile: pki.Profile(c.Profile), Names: c.Names}
}
