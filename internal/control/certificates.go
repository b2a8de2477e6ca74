package control

import "rundock/internal/fstree"

// CertOp is what `rundockd cert ctl` is asked to do.
type CertOp string

const (
	// CertAuthority sees to it that the host has an authority, and answers its certificates.
	CertAuthority CertOp = "authority"
	// CertPresent sees to it that the host has Certificates. Of one that is missing or
	// due for renewal it makes the key, and answers a request; where Issued has the
	// certificate, it is installed.
	CertPresent CertOp = "present"
	// CertSign signs Requests.
	CertSign CertOp = "sign"
	// CertAbsent takes Certificates away, with their keys.
	CertAbsent CertOp = "absent"
)

// Steps from one authority to another.
const (
	RotateBegin = "begin" // another one is made, and believed beside the one that signs
	RotateSign  = "sign"  // it signs from now on
	RotateEnd   = "end"   // the one of before is believed no more
)

// CertRequest is the JSON object on stdin of `rundockd cert ctl`.
type CertRequest struct {
	Version      int               `json:"version"`
	Op           CertOp            `json:"op"`
	Check        bool              `json:"check,omitempty"`        // change nothing, say what would be done
	Title        string            `json:"title,omitempty"`        // authority: its name for people, when it is made
	Rotate       string            `json:"rotate,omitempty"`       // authority: a step to another one
	Authority    string            `json:"authority,omitempty"`    // present: PEM, the one that signs first; empty: those that the host has
	Certificates []Certificate     `json:"certificates,omitempty"` // present, absent
	Issued       map[string]string `json:"issued,omitempty"`       // present: PEM by name
	Requests     []Signing         `json:"requests,omitempty"`     // sign
}

// Certificate is one that a host is to have.
type Certificate struct {
	Name    string   `json:"name"`              // of its files
	Subject string   `json:"subject,omitempty"` // its common name
	Profile string   `json:"profile,omitempty"` // client, server, peer
	Names   []string `json:"names,omitempty"`   // DNS names and addresses
	Group   string   `json:"group,omitempty"`   // that may read its key; "": root alone
}

// Signing is what one host asks to have signed.
type Signing struct {
	Host string `json:"host"`
	Certificate
	Request string `json:"request"` // PEM
}

// CertResponse is the JSON object on stdout. Error is empty on success; it names
// the certificate.
type CertResponse struct {
	Version   int                          `json:"version"`
	Error     string                       `json:"error,omitempty"`
	Actions   []string                     `json:"actions,omitempty"`   // what was done, or would be
	Diff      []fstree.Diff                `json:"diff,omitempty"`      // of files; of a certificate, what it says
	Authority string                       `json:"authority,omitempty"` // authority: PEM
	Requests  map[string]string            `json:"requests,omitempty"`  // present: PEM by name
	Issued    map[string]map[string]string `json:"issued,omitempty"`    // sign: PEM by host and name
	Warnings  []string                     `json:"warnings,omitempty"`  // authority: it ends soon
}
