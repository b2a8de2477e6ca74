package storeagent

import (
	"context"
	"log/slog"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/cutover"
	"rundock/internal/hostinfo"
	"rundock/internal/overlay/roster"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/duty"
	"rundock/internal/registry/local/serve"
	"rundock/internal/skydns"
	"rundock/internal/stack/release"
)

// pageLimits are what the page of previews reads and writes.
var pageLimits = serve.Limits{
	Reads:  []string{preview.Prefix, release.Prefix, skydns.Prefix + "/", roster.AllPrefix, cutover.LoadBalancersPrefix, hostinfo.Prefix},
	Writes: duty.Page(),
}

// groupEvery is how often the page's group is looked for: a role makes it on hosts that have the page.
const groupEvery = 5 * time.Second

// servePages serves the page of previews, which is a group's, until ctx is done. Where that cannot be, it tries again.
func (s *served) servePages(ctx context.Context, group string, log *slog.Logger) {
	var said complaint.Memory
	for {
		if err := s.tryPages(ctx, group); err != nil && said.News(time.Now(), err.Error()) {
			log.Error("the page of previews is not served", "err", err)
		}
		if pause.For(ctx, groupEvery) != nil {
			return
		}
	}
}

// tryPages serves until ctx is done. It returns nil at once where there is no such group.
func (s *served) tryPages(ctx context.Context, group string) error {
	g, err := user.LookupGroup(group)
	if err != nil {
		return nil
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return err
	}
	l, err := serve.ListenFor(id, s.pages, filepath.Join(filepath.Dir(s.pages), private))
	if err != nil {
		return err
	}
	return s.server.RunLimited(ctx, l, pageLimits)
}
