package service

import (
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/report"
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
	var err error
	if g.config, err = hostconfig.Load(hostconfig.Path); err != nil {
		h.Config = report.TroubleOf(err)
	} else {
		h.Host, h.Zone, h.Endpoints = g.config.Host, g.config.Zone(), g.config.Etcd.Endpoints
		if g.config.OwnStore() == hostconfig.StoreConsul {
			h.InConsul, h.Endpoints = true, []string{g.config.Consul.Address}
		}
	}
	if g.folders, err = runit.Detect(g.config.Runit.SV, g.config.Runit.Service); err != nil {
		h.Runit = report.TroubleOf(err)
	} else {
		h.Service, h.Scanned = g.folders.Service, len(runit.Scanners(g.folders.Service)) > 0
	}
	if g.config.StoreAgent {
		h.StoreAgent = g.storeAgent(h.Now)
	}
	h.MachineID, _ = hostconfig.MachineID() // "": no record has that id
	return g
}

// services are those of this host.
func (g *gatherer) services() report.Services { return report.Services{Folders: g.folders} }

// resolve tells names of services from those of templates, which only those
// have that are no service's. See report.Services.Resolve.
func (g *gatherer) resolve(command string, names []string) (services, templates []string, code int) {
	defined := template.Names(supervisor.TemplateDir)
	for _, name := range names {
		known := g.services().Known(name) || g.services().Known(strings.TrimPrefix(name, supervisor.Prefix))
		if !known && slices.Contains(defined, name) {
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
