package runner

import (
	"context"
	"fmt"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// prepare does all that can be done while the old container still runs: pull
// the image and create the new container, as <name>.new. What an interrupted
// attempt left is removed first.
func (r *runner) prepare(ctx context.Context, want spec.Container, from container.Origins) (id string, err error) {
	if err := mounted(r.service.Mounts); err != nil {
		return "", err
	}
	r.say(control.Pulling, "")
	if err := r.pull(ctx, want); err != nil {
		return "", err
	}
	staged := r.service.Name + supervisor.NextSuffix
	if s, err := r.docker.Inspect(ctx, staged); err != nil {
		return "", err
	} else if s.Exists {
		if s.Labels[container.LabelService] != r.service.Name {
			return "", fmt.Errorf("a container named %s is in the way: rename or remove it", staged)
		}
		if err := r.docker.Remove(ctx, s.ID); err != nil {
			return "", err
		}
	}
	o := servicecontainer.Options(r.service, from)
	o.Deployment = r.status.Deployment
	// Before they are read: of a change in between, the next call sees too much.
	o.Contents = r.contents()
	if o.Secrets, err = supervisor.ReadSecrets(r.dir, want.EnvSecrets); err != nil {
		return "", err
	}
	return r.docker.Create(ctx, staged, want, o)
}

// pull makes the image present. One that the service was rolled back to is.
func (r *runner) pull(ctx context.Context, want spec.Container) error {
	if r.service.Pin != "" {
		return nil
	}
	pulled, err := r.docker.Pull(ctx, want.Image, want.Platform, r.service.Pull)
	if err != nil {
		return err
	}
	if r.status.Warning = pulled.Warning; pulled.Warning != "" {
		r.log.Warn(pulled.Warning)
	}
	return nil
}

// takePlace removes the stopped container old, its log copied to the end, and
// starts the new one under its name.
func (r *runner) takePlace(ctx context.Context, old container.State, id string) error {
	if old.Exists {
		if err := r.logs.Flush(ctx, old.ID); err != nil {
			r.log.Warn("the end of the old container's log is lost", "err", err)
		}
		if err := r.docker.Remove(ctx, old.ID); err != nil {
			return err
		}
	}
	if err := r.docker.Rename(ctx, id, r.service.Name); err != nil {
		return err
	}
	return r.docker.Start(ctx, id)
}

// replaced makes the wanted container and puts it in the place of the running
// one, which goes on where that cannot be done.
func (r *runner) replaced(ctx context.Context, old container.State, want spec.Container, from container.Origins) (step, int) {
	logs := r.startLogs(ctx, old.ID)
	defer logs.cancel()
	id, err := r.prepare(ctx, want, from)
	if err == nil {
		r.say(control.Stopping, "")
		r.withdraw(ctx, old.ID)
		err = r.docker.Stop(ctx, old.ID, servicecontainer.StopTimeout(r.service))
	}
	if err == nil {
		return r.swap(ctx, old, id, logs)
	}
	logs.cancel()
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	r.status.Crashes++
	if now, lookErr := r.look(ctx); lookErr != nil || !now.Running || now.ID != old.ID {
		if ctx.Err() != nil {
			return interrupted(ctx), 0
		}
		return r.retry(ctx, err), 0
	}
	return r.supervise(ctx, old, err)
}

// swap puts the created container id in the place of old, which has stopped.
func (r *runner) swap(ctx context.Context, old container.State, id string, logs *logging) (step, int) {
	logs.end()
	if err := r.takePlace(ctx, old, id); err != nil || ctx.Err() != nil {
		return r.failed(ctx, err), 0
	}
	r.status.Crashes, r.status.Error = 0, ""
	r.log.Info("container replaced", "container", id[:12])
	return stepAgain, 0
}
