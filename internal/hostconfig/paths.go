package hostconfig

// Where rundock is on a host, whichever part writes, runs or reads it.
const (
	Program    = "/usr/local/bin/rundockd" // the services run it, and modules where they need Docker or the store
	DNSProgram = "/usr/local/bin/dnsd"
	StateDir   = "/var/lib/rundock" // outlives a boot

	// ProgramHashes has the hashes of programs that rundock_host has sent, by name, as of when it looked
	// last. It is a cache, which may go at any time.
	ProgramHashes = "/var/cache/rundock/programs.json"

	// CertificatesDir is where a host has its certificates: ca.crt, those of the
	// site's authorities, and NAME.crt and NAME.key for each of its own.
	CertificatesDir = "/etc/rundock/pki"

	// AuthorityDir is where the host that signs has the authority's certificate and
	// key, ca.crt and ca.key.
	AuthorityDir = "/etc/rundock/ca"

	// PreviewKeyPath is where hosts that build previews have the key of their settings, the same on all of
	// them, for root alone. PreviewDir has what else an operator gives them, and the page.
	PreviewKeyPath = "/etc/rundock/preview.key"
	PreviewDir     = "/etc/rundock/preview"

	// PreviewGroup is the group, and the user, of the page of previews: the process that people reach is
	// not root.
	PreviewGroup = "rundock-preview"
)
