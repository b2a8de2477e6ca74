package serve

import (
	"log/slog"
	"slices"

	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/dnsd/settings"
)

// newForwarder asks the upstreams and stubs of s; nil where there are none.
func newForwarder(s settings.Settings, counts *metrics.Forwards, log *slog.Logger) *forward.Forwarder {
	for _, each := range append(slices.Clip(s.Stubs), forward.Stub{Upstreams: s.Upstreams}) {
		for _, u := range each.Upstreams {
			counts.Upstream(u.String())
		}
	}
	if len(s.Upstreams)+len(s.Stubs) == 0 {
		return nil
	}
	return &forward.Forwarder{Upstreams: s.Upstreams, Stubs: s.Stubs, CacheSize: s.Cache, Watch: upstreams{counts, log}}
}

// upstreams counts and logs what upstreams do.
type upstreams struct {
	*metrics.Forwards
	log *slog.Logger
}

// Turned implements forward.Watcher.
func (u upstreams) Turned(upstream string, down error) {
	u.Forwards.Turned(upstream, down)
	if down != nil {
		u.log.Warn("upstream is down, asking it last", "upstream", upstream, "err", down)
		return
	}
	u.log.Info("upstream is up again", "upstream", upstream)
}
