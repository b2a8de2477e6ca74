package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/pause"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/logcopy"
	"rundock/supervisor/servicecontainer"
)

// containers makes, exchanges and removes the containers of one service. It
// notes in the status what it is at, and decides nothing.
type containers struct {
	service  supervisor.Service
	docker   *container.Client
	logs     *logcopy.Copier
	status   *status
	sidecar  sidecar
	contents contents
}

// look returns the container as it is now, also where somebody has renamed it,
// and whether it had to wait for the daemon. One of the same name that is not
// ours is an error: it must not be lost.
func (c containers) look(ctx context.Context) (s container.State, waited bool, err error) {
	for ; ; waited = true {
		s, err := servicecontainer.Find(ctx, c.docker, c.service.Name)
		if err == nil {
			return s, waited, servicecontainer.CheckOwner(s, c.service.Name)
		}
		if c.docker.Ping(ctx) == nil || ctx.Err() != nil {
			return s, waited, err
		}
		c.status.complain("waiting for dockerd", "err", err.Error())
		c.goesOn()
		c.status.say(control.Waiting, err.Error())
		if err := pause.For(ctx, 500*time.Millisecond); err != nil {
			return s, waited, fmt.Errorf("interrupted: %w", err)
		}
	}
}

// nameBack gives the running container s the service's name again, which others
// know it by.
func (c containers) nameBack(ctx context.Context, s container.State) error {
	if s.Name == c.service.Name {
		return nil
	}
	if err := c.docker.Rename(ctx, s.ID, c.service.Name); err != nil {
		return fmt.Errorf("it is called %s now: %w", s.Name, err)
	}
	c.status.log.Warn("the container was renamed, and has its name again", "was", s.Name)
	return nil
}

// prepare does all that can be done while the old container still runs: pull
// the image and create the new container, as <name>.new. What an interrupted
// attempt left is removed first.
func (c containers) prepare(ctx context.Context, want spec.Container, from container.Origins) (id string, err error) {
	if err := servicecontainer.Mounted(c.service.Mounts); err != nil {
		return "", err
	}
	c.status.say(control.Pulling, "")
	if err := c.pull(ctx, want); err != nil {
		return "", err
	}
	staged := c.service.Name + supervisor.NextSuffix
	if s, err := c.docker.Inspect(ctx, staged); err != nil {
		return "", err
	} else if s.Exists {
		if s.Labels[container.LabelService] != c.service.Name {
			return "", fmt.Errorf("a container named %s is in the way: rename or remove it", staged)
		}
		if err := c.docker.Remove(ctx, s.ID); err != nil {
			return "", err
		}
	}
	o := servicecontainer.Options(c.service, from)
	o.Deployment = c.status.Deployment
	// Before they are read: of a change in between, the next call sees too much.
	o.Contents = c.contents.now()
	if o.Secrets, err = supervisor.ReadSecrets(c.contents.dir, want.EnvSecrets); err != nil {
		return "", err
	}
	return c.docker.Create(ctx, staged, want, o)
}

// pull makes the image present. One that the service was rolled back to is.
func (c containers) pull(ctx context.Context, want spec.Container) error {
	if c.service.Pin != "" {
		return nil
	}
	pulled, err := c.docker.Pull(ctx, want.Image, want.Platform, c.service.Pull)
	if err != nil {
		return err
	}
	if c.status.Warning = pulled.Warning; pulled.Warning != "" {
		c.status.log.Warn(pulled.Warning)
	}
	return nil
}

// takePlace removes the stopped container old, its log copied to the end, and
// starts the new one under its name.
func (c containers) takePlace(ctx context.Context, old container.State, id string) error {
	if old.Exists {
		if err := c.logs.Flush(ctx, old.ID); err != nil {
			c.status.log.Warn("the end of the old container's log is lost", "err", err)
		}
		if err := c.docker.Remove(ctx, old.ID); err != nil {
			return err
		}
	}
	if err := c.docker.Rename(ctx, id, c.service.Name); err != nil {
		return err
	}
	return c.docker.Start(ctx, id)
}

// end withdraws the running container id and stops it.
//
// That it was to be withdrawn is on record first: whoever finds it running on
// after all announces it again, also after a kill.
func (c containers) end(ctx context.Context, id string) error {
	c.status.Withdrew = id
	c.status.say(c.status.Phase, c.status.Error)
	c.sidecar.withdraw(ctx)
	if err := c.docker.Stop(ctx, id, servicecontainer.StopTimeout(c.service)); err != nil {
		return err
	}
	c.status.Withdrew = ""
	return nil
}

// goesOn has the container announced again that was withdrawn to be stopped and
// was not: dockerd may stay away for long, and it runs on without.
func (c containers) goesOn() {
	if c.status.Withdrew != "" {
		c.sidecar.announceAgain()
	}
	c.status.Withdrew = ""
}

// remove stops and removes the service's container, whatever it is called, one that was to take
// its place, and one whose place it has taken, which stops meanwhile. One on trial is a module's.
func (c containers) remove(ctx context.Context) error {
	all, err := servicecontainer.All(ctx, c.docker, c.service.Name)
	if err != nil {
		return err
	}
	var old sync.WaitGroup
	for _, s := range all {
		if s.Running && s.Name == c.service.Name+supervisor.OldSuffix {
			old.Go(func() { c.docker.Stop(ctx, s.ID, servicecontainer.StopTimeout(c.service)) }) // or it is killed by its removal
		}
	}
	for _, s := range all {
		switch s.Name {
		case c.service.Name + supervisor.TrialSuffix:
			continue
		case c.service.Name + supervisor.OldSuffix:
			old.Wait()
		case c.service.Name + supervisor.NextSuffix: // serves nobody yet
		default:
			if s.Running {
				err = c.end(ctx, s.ID)
			}
		}
		if err == nil {
			err = c.removeStopped(ctx, s)
		}
		if err != nil {
			old.Wait()
			return err
		}
	}
	return nil
}

// halt stops and removes all containers of the service at once, as the host may not have
// any: nobody is given time to leave. stopping is called where there is one.
func (c containers) halt(ctx context.Context, stopping func()) error {
	all, err := servicecontainer.All(ctx, c.docker, c.service.Name)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Name == c.service.Name+supervisor.TrialSuffix && !s.Running {
			continue // a module's, which never runs
		}
		stopping()
		if s.Running {
			err = c.docker.Stop(ctx, s.ID, servicecontainer.StopTimeout(c.service))
		}
		if err == nil {
			err = c.removeStopped(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeStopped removes s, its log copied to the end where it is the one whose log is copied.
func (c containers) removeStopped(ctx context.Context, s container.State) error {
	if s.Name == c.service.Name || s.ID == c.status.Container {
		if err := c.logs.Flush(ctx, s.ID); err != nil {
			c.status.log.Warn("the end of the container's log is lost", "err", err)
		}
	}
	return c.docker.Remove(ctx, s.ID)
}
