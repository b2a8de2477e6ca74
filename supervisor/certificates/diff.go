package certificates

import (
	"bytes"
	"fmt"
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/pki"
)

// described has what certificates say in the place of their PEM, and nothing of
// a key.
func described(c fstree.Changes) fstree.Changes {
	told := fstree.Changes{Dir: c.Dir}
	for _, change := range c.List {
		change.Before, change.After = tell(change.Path, change.Before), tell(change.Path, change.After)
		told.List = append(told.List, change)
	}
	return told
}

func tell(path string, f *fstree.File) *fstree.File {
	if f == nil {
		return nil
	}
	told := *f
	if filepath.Ext(path) == ".key" {
		told.Secret = true
		return &told
	}
	var b bytes.Buffer
	certs, err := pki.ParseCertificates(f.Data)
	if err != nil {
		return f
	}
	for _, c := range certs {
		fmt.Fprintf(&b, "subject %s, for %q, by %s, until %s, serial %x\n",
			c.Subject.CommonName, pki.Names(c), c.Issuer.CommonName, c.NotAfter.UTC().Format("2006-01-02"), c.SerialNumber)
	}
	told.Data = b.Bytes()
	return &told
}
