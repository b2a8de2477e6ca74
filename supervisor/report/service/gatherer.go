package service

import (
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/certificates"
	"rundock/supervisor/report"
	"rundock/supervisor/report/filter"
	"rundock/supervisor/report/template"
)

// gatherer finds out facts. Whatever cannot be found out becomes a trouble.
type gatherer struct {
	host    hostFacts
	config  hostconfig.Config
	folders runit.Folders
	docker  *container.Client // nil: it cannot be asked
	store   registry.Store    // nil: it cannot be asked
}

// newGatherer finds out about the host by its files.
func newGatherer() *gatherer {
	g := &gatherer{}
	h := &g.host
	h.Now, h.Root = time.Now(), os.Geteuid() == 0
	if d, drained := control.ReadDrain(hostconfig.StateDir); drained {
		h.Drained = d.String()
	}
	h.Filter = filter.StatusOf(filter.Gather()).Problem
	var err error
	if g.config, err = hostconfig.Load(hostconfig.Path); err != nil {
		h.Config = report.TroubleOf(err)
	} else {
		h.Host, h.Zone, h.Endpoints = g.config.Host, g.config.Zone(), g.config.Etcd.Endpoints
		if g.config.OwnStore() == hostconfig.StoreConsul {
			h.InConsul, h.Endpoints = true, []string{g.config.Consul.Address}
		}
		if all := g.config.Stores(); len(all) > 1 {
			h.Second = secondStore{Name: all[1], Endpoints: g.config.Etcd.Endpoints}
			if all[1] == hostconfig.StoreConsul {
				h.Second.Endpoints = []string{g.config.Consul.Address}
			}
		}
	}
	if g.folders, err = runit.Detect(g.config.Runit.SV, g.config.Runit.Service); err != nil {
		h.Runit = report.TroubleOf(err)
	} else {
		h.Service, h.Scanned = g.folders.Service, len(runit.Scanners(g.folders.Service)) > 0
	}
	h.Refused = certificateTrouble(g.config.Etcd.Cert, certificates.Status(h.Now))
	if g.config.OwnStore() != "" {
		h.StoreAgent = g.storeAgent(h.Now)
	}
	h.MachineID, _ = hostconfig.MachineID() // "": no record has that id
	return g
}

// services are those of this host.
func (g *gatherer) services() report.Services { return report.Services{Folders: g.folders} }

// known reports whether a name is a service's.
func (g *gatherer) known(name string) bool {
	return g.services().Known(name) || g.services().Known(strings.TrimPrefix(name, supervisor.Prefix))
}

// resolve tells names of services from those of templates, which only those
// have that are no service's. See report.Services.Resolve.
func (g *gatherer) resolve(command string, names []string) (services, templates []string, code int) {
	defined := template.Names()
	for _, name := range names {
		if !g.known(name) && slices.Contains(defined, name) {
			templates = append(templates, name)
		} else {
			services = append(services, name)
		}
	}
	services, code = g.services().Resolve(command, services)
	return services, templates, code
}

// close ends what was opened.
func (g *gatherer) close() {
	if g.store != nil {
		g.store.Close()
	}
}
