package balancer

import (
	"log/slog"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/control"
	"rundock/internal/haproxy"
	"rundock/internal/registry"
)

// How long a balancer waits for news before it looks at HAProxy again.
const (
	calm  = time.Second           // to see that HAProxy was started anew, or changed by hand
	eager = 40 * time.Millisecond // while it waits for a check or for the end of sessions
	// After so long without a change, what is waited for is a server that is down.
	eagerFor = time.Minute
	// A reload that HAProxy did not make is asked for again.
	reloadAgain = 5 * time.Second
	// A reload waits for the store, which says whether there is a switch, for so long.
	storePatience = 15 * time.Second
	// The slots in the configuration's file are HAProxy's, at the latest after so long.
	slotsEvery = 5 * time.Second
	// A new certificate is seen after so long.
	certificatesEvery = 10 * time.Second
)

// balancer keeps one HAProxy.
type balancer struct {
	settings  haproxy.Settings
	site      haproxy.Site
	topology  string
	statusDir string
	reload    func() error // has HAProxy's master read the configuration anew
	store     registry.Store
	world     *world
	acks      *acks
	log       *slog.Logger
	complaint complaint.Memory

	status   control.BalanceStatus
	flips    map[string]flip      // by service
	orphans  map[string]time.Time // since when nobody leads a service's attempt
	started  time.Time
	stirred  time.Time // when something has changed last
	reloaded time.Time // when a reload was asked for last
	placed   time.Time // when the slots in the configuration's file were HAProxy's

	certified   time.Time // when HAProxy's certificates were compared with their files
	uncertified []string  // what was wrong then
}

// flip is when a service's traffic moved in an attempt.
type flip struct {
	attempt string
	at      time.Time
	empty   bool // the backend that lost it had no session in the last pass
}

func newBalancer(settings haproxy.Settings, site haproxy.Site, statusDir string, reload func() error, log *slog.Logger) *balancer {
	b := &balancer{
		settings: settings, site: site, topology: haproxy.Topology(settings, site), statusDir: statusDir, reload: reload, log: log,
		started: time.Now(), stirred: time.Now(), placed: time.Now(), flips: map[string]flip{}, orphans: map[string]time.Time{},
	}
	b.status.Services = map[string]control.Balanced{}
	return b
}

// complain logs what goes wrong, once in a while.
func (b *balancer) complain(what string, args ...any) {
	text := what
	for _, a := range args {
		if err, ok := a.(error); ok {
			text += err.Error()
		}
	}
	if b.complaint.News(time.Now(), text) {
		b.log.Warn(what, args...)
	}
}
