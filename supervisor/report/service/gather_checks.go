package service

import (
	"context"
	"path/filepath"

	"rundock/internal/announce"
	"rundock/supervisor"
	"rundock/supervisor/announcing"
)

// tryChecks makes the sidecar's checks once.
func (g *gatherer) tryChecks(ctx context.Context, s *serviceFacts) {
	if !s.Announced || !s.Enabled || g.host.Config.Failed() || s.Runs && g.docker == nil {
		return
	}
	_, announcer := supervisor.Installed(s.Dir)
	wanted, err := supervisor.ReadAnnounce(filepath.Join(announcer, "announce.json"))
	if err != nil {
		return // s.Files says it
	}
	cfg, err := announcing.Config(wanted, g.config)
	if err != nil {
		s.Checks = []announce.Trial{{What: "its address", Failure: err.Error()}}
		return
	}
	s.Checks = cfg.Try(ctx, announcing.Instance(s.Container))
}
