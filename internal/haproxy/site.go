package haproxy

import "path/filepath"

// Site is where HAProxy's files are on a host, and as whom it runs.
type Site struct {
	Folder   string // of the configuration and its maps
	Socket   string // runtime socket
	User     string // whom HAProxy becomes; "": it stays who it is
	Group    string
	Chroot   string // "": none
	Password string // of the statistics page
}

// Config is the path of the configuration.
func (s Site) Config() string { return filepath.Join(s.Folder, "haproxy.cfg") }

// shareOf is the whole of which Route.Share is a part.
const shareOf = 10000

// canarySuffix makes the key of a service's canary in the map of routes.
const canarySuffix = "/canary"

// routes maps a service to its backend, and SERVICE/canary to that of the share.
func (s Site) routes() string { return filepath.Join(s.Folder, "routes.map") }

// shares maps a service to the share.
func (s Site) shares() string { return filepath.Join(s.Folder, "shares.map") }
