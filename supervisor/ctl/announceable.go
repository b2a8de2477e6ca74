package ctl

import (
	"context"
	"encoding/json"
	"fmt"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor"
)

// serviceOf is the service that q asks about.
func serviceOf(q control.Request) (s supervisor.Service, err error) {
	if err = json.Unmarshal(q.Spec, &s); err == nil && len(q.Announce) > 0 {
		err = json.Unmarshal(q.Announce, &s.Announce)
	}
	if err != nil {
		return s, fmt.Errorf("%s %s: %w", q.Op, q.Service, err)
	}
	return s, nil
}

// announceable is about a service whose container stays as it is.
func announceable(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	s, err := serviceOf(q)
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	current, err := docker.Inspect(ctx, s.Name)
	var unpublished string
	if err == nil {
		unpublished, err = docker.Unpublished(ctx, s.Container.NetworkNames())
	}
	if err == nil {
		err = checkAnnounced(s, current, unpublished)
	}
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	return control.Response{}
}

// checkAnnounced returns an error that names what s announces and that leads to
// nothing, or never comes to be, however well its container made is: the zero State
// is one that nothing is known of. unpublished is why Docker publishes no port of it,
// "" where it does.
func checkAnnounced(s supervisor.Service, made container.State, unpublished string) error {
	for _, a := range s.Announce.Announces {
		if made.Exists && !made.Checked && a.Check != nil && a.Check.Type == "docker" {
			return fmt.Errorf("port %d would never be announced: its check is of type docker, and image %s has no HEALTHCHECK: have the image, or the service, have one, or check by tcp, http or exec", a.Port, s.Container.Image)
		}
		if a.As != "container" && unpublished != "" {
			return fmt.Errorf("port %d cannot be announced: %s, and so Docker publishes no port of the container: put it into another network besides", a.Port, unpublished)
		}
	}
	return nil
}
