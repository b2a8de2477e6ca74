package balancer

import (
	"maps"

	"rundock/internal/haproxy"
)

// proxy is HAProxy as a pass found it.
type proxy struct {
	err      error // why it does not answer
	info     haproxy.Info
	backends map[string]haproxy.Servers
	loaded   map[string]haproxy.Route // what its maps say
	routes   map[string]haproxy.Route // the same, and what the maps' files say of services that it does not have yet
	elders   []int
}

// observe looks at HAProxy.
func (b *balancer) observe() (p proxy) {
	p.routes = savedRoutes(b.site)
	socket := haproxy.Socket(b.site.Socket)
	if p.info, p.err = socket.Info(); p.err != nil {
		return p
	}
	if p.backends, p.err = socket.Backends(); p.err != nil {
		return p
	}
	if p.loaded, p.err = socket.Routes(b.site); p.err != nil {
		return p
	}
	maps.Copy(p.routes, p.loaded)
	p.elders, p.err = elders(p.info.PID)
	return p
}
