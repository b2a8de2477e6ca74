package service

import (
	"os"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/runit"
	"rundock/supervisor/report"
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
	h.MachineID, _ = hostconfig.MachineID() // "": no record has that id
	return g
}

// services are those of this host.
func (g *gatherer) services() report.Services { return report.Services{Folders: g.folders} }

// close ends what was opened.
func (g *gatherer) close() {
	if g.store != nil {
		g.store.Close()
	}
}
