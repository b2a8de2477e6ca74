package previewroute

import (
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// idleTime is below what programs commonly keep an idle connection for, of which
	// Node's 5 s are the shortest.
	idleTime = 4 * time.Second

	dialTimeout = 2 * time.Second
	mostIdle    = 1024 // connections to one instance
)

// backends are the connections to instances.
type backends struct {
	kept  *http.Transport // used again
	fresh *http.Transport // one for each request
	h2c   *http.Transport // HTTP/2 without TLS
}

func newBackends() *backends {
	b := &backends{kept: transport(), fresh: transport(), h2c: transport()}
	b.fresh.DisableKeepAlives = true
	b.h2c.Protocols = new(http.Protocols)
	b.h2c.Protocols.SetUnencryptedHTTP2(true)
	return b
}

func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		DialContext: dialer.DialContext, DisableCompression: true, ExpectContinueTimeout: time.Second,
		IdleConnTimeout: idleTime, MaxIdleConnsPerHost: mostIdle,
	}
}

// of returns the connections for a request. gRPC has HTTP/2. One that must not be
// made twice has a connection of its own: on one that was idle it could meet the
// instance's closing of it, and then nobody knew whether it was taken.
func (b *backends) of(r *http.Request) *http.Transport {
	switch {
	case r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
		return b.h2c
	case repeatable(r), r.Header.Get("Upgrade") != "":
		return b.kept
	}
	return b.fresh
}
