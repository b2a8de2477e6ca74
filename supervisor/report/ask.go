package report

import (
	"context"
	"net"
	"time"
)

// Patience is how long dockerd, the store and dnsd each may take to answer a
// person: one that hangs must not hang the command that is to tell so.
const Patience = 3 * time.Second

// OwnDNS is where every host's dnsd answers.
const OwnDNS = "127.0.0.1:53"

// ResolverAt asks the DNS server at address, host and port, and no other.
func ResolverAt(address string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}
