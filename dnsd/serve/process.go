package serve

import (
	"crypto/rand"
	"log/slog"
	"os"
	"sync"
	"time"

	"rundock/dnsd/domains"
	"rundock/dnsd/follow"
	"rundock/dnsd/handover"
	"rundock/dnsd/metrics"
	"rundock/dnsd/querylog"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"
	"rundock/dnsd/table"
	"rundock/internal/hostconfig"
)

// A Process is one dnsd, from start or handover to its end.
type Process struct {
	Settings     settings.Settings
	Release      string // told as the version
	Log          *slog.Logger
	LinesDropped func() uint64         // of Log
	Inherited    *handover.Handed      // nil: a start without predecessor
	Next         *handover.Predecessor // this process in its later role; Run adds what is handed over
}

// running is a process that has its parts.
type running struct {
	Process
	*parts
	beside sync.WaitGroup // what runs beside the server
}

// parts are what serves, made of the settings and not running yet.
type parts struct {
	table    *table.Table
	counts   *metrics.Set
	queries  *querylog.Log // nil: queries are not logged
	handler  *server.Handler
	server   *server.Server
	follower *follow.Follower
	networks *domains.Networks // nil: names are looked for in no domains
}

func newParts(p Process) (*parts, error) {
	s := p.Settings
	tab := table.New(s.Prefix)
	counts := metrics.New(p.Release, tab, s.ZoneNames()...)
	own := &nameServers{fixed: s.NameServers}
	answers, err := s.Answers(tab, own.get)
	if err != nil {
		return nil, err
	}
	queries := querylog.New(s.QueryLog, os.Stderr)
	counts.Certificates(func() map[string]time.Time { return certificateEnds(hostconfig.CertificatesDir) })
	counts.LogDropped("messages", p.LinesDropped)
	counts.LogDropped("queries", queries.Dropped)
	handler := &server.Handler{
		Answers: answers, Forwarder: newForwarder(s, counts.Forwards, p.Log), ForwardFor: s.ForwardFor, MaxUDP: s.MaxUDP,
		Metrics: counts, Name: s.Name, Version: "dnsd " + p.Release, Log: queries,
	}
	rand.Read(handler.Secret[:])
	var networks *domains.Networks
	if s.Networks != "" {
		networks = &domains.Networks{Dir: s.Networks, Log: p.Log}
		networks.Load()
		handler.Domains = networks.Of
	}
	return &parts{
		table: tab, counts: counts, queries: queries, handler: handler,
		server:   &server.Server{Handler: handler, Log: p.Log, OnListen: own.add},
		follower: &follow.Follower{Prefix: s.Prefix, Table: tab, Metrics: counts, Losses: s.Losses, SnapshotDir: s.Snapshot, Log: p.Log},
		networks: networks,
	}, nil
}
