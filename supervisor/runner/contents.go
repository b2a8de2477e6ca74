package runner

import (
	"context"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// contents tells what the files hold that a service's container is made from.
type contents struct {
	dir     string // where the service's secrets are
	service supervisor.Service
	docker  *container.Client
	status  *status
}

// now stands for what they hold now. It is "" without such files, and where
// the host's salt cannot be had: then a change of them is not seen.
func (c contents) now() string {
	if len(c.service.Container.Files()) == 0 {
		return ""
	}
	salt, err := supervisor.Salt(hostconfig.StateDir, false)
	if err != nil {
		c.status.complain("a change of the files that the container is made from is not seen", "err", err.Error())
		return ""
	}
	return supervisor.Contents(salt, c.service.Name, c.service.Container)
}

// of stands for what they held when the container s was made, by its label. A
// container of a release that had no such label is compared with what they
// hold now; "" where that cannot be done. That they hold something else does
// not replace a container, but a call of the module does.
func (c contents) of(ctx context.Context, s container.State) string {
	if made := s.Labels[container.LabelContents]; made != "" || len(c.service.Container.Files()) == 0 {
		return made
	}
	want, _, err := servicecontainer.Expand(c.service.Container)
	if err != nil {
		return ""
	}
	secrets, err := supervisor.ReadSecrets(c.dir, want.EnvSecrets)
	if err != nil {
		return ""
	}
	now := c.now()
	same, err := c.docker.HasContents(ctx, s.ID, want, secrets)
	switch {
	case err != nil:
		c.status.complain("it is not known what the files held that the container was made from", "err", err.Error())
		return ""
	case same:
		return now
	}
	return supervisor.OtherContents
}
