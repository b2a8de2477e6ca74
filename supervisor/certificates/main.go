// Package certificates is `rundockd cert`: the certificates of a host, and the
// authority of the site, which one host keeps.
//
// Keys are made on the host that uses them and never leave it. What travels, by
// way of the controller, is a request with the public key, and the certificate.
// Which subject and names a certificate has, the controller says, not whoever
// sends the request. The authority's key is in a file of root's on its host; no
// service has it open.
//
//	/etc/rundock/pki/ca.crt     certificates of the authorities, the one that signs first
//	/etc/rundock/pki/NAME.crt   a certificate of this host
//	/etc/rundock/pki/NAME.key   its key: root's, and of the group that uses it
//	/etc/rundock/ca/            on one host: ca.crt and ca.key of the authority; next.key of one that is to sign
package certificates

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor/report"
)

// Main is `rundockd cert`.
func Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return report.ExitUsage
	}
	h := host{dir: hostconfig.CertificatesDir, authority: hostconfig.AuthorityDir, now: time.Now()}
	switch args[0] {
	case "--help", "-h", "help":
		fmt.Print(usage)
		return report.ExitWell
	case "status":
		return h.statusMain(args[1:])
	case "verify":
		if len(args) == 2 {
			h.authority = args[1]
			return h.verify()
		}
	case "ctl":
		if len(args) == 1 {
			return h.answer(os.Stdin, os.Stdout)
		}
	}
	fmt.Fprint(os.Stderr, usage)
	return report.ExitUsage
}

// answer does what the request on in asks. It returns 0 whenever it could answer.
func (h host) answer(in io.Reader, out io.Writer) int {
	var q control.CertRequest
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	var r control.CertResponse
	if err := dec.Decode(&q); err != nil {
		r.Error = "rundockd cert: the request is not readable: " + err.Error()
	} else if q.Version != control.Version {
		r.Error = fmt.Sprintf("rundockd cert: the request is of version %d, this rundockd speaks %d: install the same release on host and controller", q.Version, control.Version)
	} else if r, err = h.do(q); err != nil {
		r.Error = err.Error()
	}
	r.Version = control.Version
	if err := json.NewEncoder(out).Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd cert:", err)
		return 1
	}
	return 0
}

func (h host) do(q control.CertRequest) (control.CertResponse, error) {
	switch q.Op {
	case control.CertAuthority:
		return h.makeAuthority(q)
	case control.CertSign:
		return h.sign(q)
	case control.CertPresent:
		return h.present(q)
	case control.CertAbsent:
		return h.absent(q)
	}
	return control.CertResponse{}, fmt.Errorf("rundockd cert: unknown op %q", q.Op)
}
