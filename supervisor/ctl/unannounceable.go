package ctl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// unannounceable is why waiting for the sidecar is hopeless, nil where it is
// not, or where that cannot be known now.
func (w *waiting) unannounceable(ctx context.Context, r control.RunnerStatus) error {
	if w.q.For != "announced" || w.q.Hash == "" {
		return nil
	}
	want := w.q.Want
	want.For = "healthy" // of which the status files tell that the container runs
	if pending, err := control.Reached(r, control.AnnounceStatus{}, want, time.Now()); pending != "" || err != nil {
		return nil
	}
	s, err := w.docker.Inspect(ctx, r.Container)
	if err != nil {
		return nil
	}
	wanted, err := announcement(w.q.Service)
	if err != nil {
		return nil
	}
	if s.Paused && !r.Pause.Covers(s.ID, time.Now()) {
		return fmt.Errorf("it is not announced: the container is paused: docker unpause %s", s.Name)
	}
	if err := hopeless(s, wanted.Announces); err != nil {
		return errors.New(err.Error() + lastLog(w.docker, w.q.Service))
	}
	return nil
}

// hopeless is why a container that runs will not be announced: one of its
// announcements goes by a HEALTHCHECK, and Docker has given it up, or it has none.
func hopeless(s container.State, announces []supervisor.Announcement) error {
	needsHealthcheck := func(a supervisor.Announcement) bool { return a.Check != nil && a.Check.Type == "docker" }
	switch {
	case !s.Running || s.Paused:
		return nil
	case s.Health == "" && slices.ContainsFunc(announces, needsHealthcheck):
		return errors.New("it is not announced: its check is of type docker, and the container has no HEALTHCHECK")
	case s.Health == "" || !slices.ContainsFunc(announces, supervisor.Announcement.ByHealthcheck):
		return nil
	}
	if _, err := health(s); err != nil {
		return fmt.Errorf("it is not announced: %w", err)
	}
	return nil
}

// announcement reads what service is to be announced by.
func announcement(service string) (supervisor.Announce, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return supervisor.Announce{}, err
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return supervisor.Announce{}, err
	}
	_, announcer := supervisor.Installed(folders.Dir(supervisor.Prefix + service))
	return supervisor.ReadAnnounce(filepath.Join(announcer, "announce.json"))
}
