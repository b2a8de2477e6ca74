package runner

import (
	"context"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// contents stands for what the files hold now that the wanted container is
// made from. It is "" where the host's salt cannot be had: then a change of
// them is not seen.
func (r *runner) contents() string {
	if len(r.service.Container.Files()) == 0 {
		return ""
	}
	salt, err := supervisor.Salt(hostconfig.StateDir, false)
	if err != nil {
		r.complain("a change of the files that the container is made from is not seen", "err", err.Error())
		return ""
	}
	return supervisor.Contents(salt, r.service.Name, r.service.Container)
}

// madeOf stands for what the files held that the container s was made from,
// which its label says. One of a release that had no such label is compared
// with what they hold now; "" where that cannot be done. That they hold
// something else does not replace a container, but a call of the module does.
func (r *runner) madeOf(ctx context.Context, s container.State) string {
	if made := s.Labels[container.LabelContents]; made != "" || len(r.service.Container.Files()) == 0 {
		return made
	}
	want, _, err := servicecontainer.Expand(r.service.Container)
	if err != nil {
		return ""
	}
	secrets, err := supervisor.ReadSecrets(r.dir, want.EnvSecrets)
	if err != nil {
		return ""
	}
	now := r.contents()
	same, err := r.docker.HasContents(ctx, s.ID, want, secrets)
	switch {
	case err != nil:
		r.complain("it is not known what the files held that the container was made from", "err", err.Error())
		return ""
	case same:
		return now
	}
	return supervisor.OtherContents
}
