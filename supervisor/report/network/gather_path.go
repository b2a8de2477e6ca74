package network

import (
	"context"
	"net/netip"
	"sync"

	"rundock/internal/overlay"
)

// tryPath sends something along the whole way, all of it at once.
func (f *addressFacts) tryPath(ctx context.Context) {
	owner, ok := f.owner()
	if !ok || !f.Root || f.taken() {
		return
	}
	var wg sync.WaitGroup
	try := func(e *echo, to netip.Addr, size int) { wg.Go(func() { *e = ping(ctx, to, size, "") }) }
	if !f.here() {
		gateway := overlay.Gateway(owner.Subnet)
		try(&f.Underlay, owner.Underlay, 0)
		try(&f.Gateway, gateway, 0)
		if f.AgentStatus.MTU > 0 {
			mtu, _ := f.pathMTU()
			try(&f.Full, gateway, mtu)
		}
	}
	try(&f.Target, f.Address, 0)
	wg.Wait()
}
