package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/announce"
	"rundock/internal/announce/defaults"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/announcing"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// A service that starts first has its next container beside the one that runs, as NAME.new.
// Once that is well it gets the name, and the other one is NAME.old until its clients have
// left. Whoever is killed on the way leaves one of two things, which the next look tells:
// the old one has the service's name, or none has, and then it is begun anew; or the new one
// has it, and then the old one is retired.

// succeed starts the wanted container beside the running one and puts it in its place. Where
// that does not become well, the running one was never touched.
func (r *runner) succeed(ctx context.Context, now observed, want spec.Container, next action) error {
	old := now.container
	logs := startLogs(ctx, r.follower.logs, old.ID, r.status.log)
	defer logs.stop()
	id, err := r.containers.prepare(ctx, want, now.origins)
	if err == nil {
		r.status.say(control.Running, "")
		if err = r.startBeside(ctx, id); err != nil {
			r.containers.discard(ctx, id)
		}
	}
	if err == nil {
		err = r.containers.swap(ctx, old.ID, id)
	}
	if err = r.made(ctx, err); err != nil || ctx.Err() != nil {
		return err
	}
	r.started = id
	r.noteReplaced(id, next)
	r.depart(ctx, old.ID, id, logs)
	return nil
}

// startBeside starts the container id and waits until it is well.
func (r *runner) startBeside(ctx context.Context, id string) error {
	if err := r.containers.docker.Start(ctx, id); err != nil {
		return err
	}
	limit := time.Duration(r.service.StartFirst) * time.Second
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	config, err := r.sidecar.config()
	if err != nil {
		return err
	}
	last := errors.New("it is not known how it is")
	for {
		s, err := r.containers.docker.Inspect(bounded, id)
		switch {
		case err != nil:
			last = err
		case !s.Running:
			return fmt.Errorf("the new container ended with exit code %d beside the old one", s.ExitCode)
		case s.Health == "unhealthy":
			return fmt.Errorf("the new container is unhealthy beside the old one: %s", strings.TrimSpace(s.HealthLog))
		default:
			if last = isWell(bounded, config, s, time.Now()); last == nil {
				return nil
			}
		}
		if pause.For(bounded, besideLook) != nil {
			return fmt.Errorf("the new container was not well beside the old one within %s: %w", limit, last)
		}
	}
}

// besideLook is how often a container is looked at that is to become well.
const besideLook = 100 * time.Millisecond

// isWell says why the container s, which runs, is not well yet: by its HEALTHCHECK, and by the
// checks by which it would be announced. Where there is neither, it is once it has run for control.Steady.
func isWell(ctx context.Context, config *announce.Config, s container.State, now time.Time) error {
	checked := s.Health != ""
	if checked && s.Health != "healthy" {
		return fmt.Errorf("its HEALTHCHECK is %s", s.Health)
	}
	if config != nil {
		for _, trial := range config.Try(ctx, announcing.Instance(s)) {
			if trial.Failure != "" {
				return fmt.Errorf("%s: %s", trial.What, trial.Failure)
			}
			checked = checked || trial.Skipped == ""
		}
	}
	if up := now.Sub(s.StartedAt); !checked && up < control.Steady {
		return fmt.Errorf("it is up for %s, wanted are %s", up.Round(time.Millisecond), control.Steady)
	}
	return nil
}

// retire stops the container whose place the running one has taken.
func (r *runner) retire(ctx context.Context, now observed) {
	logs := startLogs(ctx, r.follower.logs, now.replaced.ID, r.status.log)
	defer logs.stop()
	r.depart(ctx, now.replaced.ID, now.container.ID, logs)
}

// depart waits until id is announced in the place of old and the clients of that have left, and
// then stops and removes it. What cannot be done now the next look sees to.
func (r *runner) depart(ctx context.Context, old, id string, logs *logging) {
	if s, err := r.containers.docker.Inspect(ctx, id); err == nil && s.Running {
		r.status.have(s)
		r.status.say(control.Running, "")
	}
	if r.sidecar.takesUp(ctx, id) && pause.For(ctx, r.sidecar.farewell()) != nil {
		return
	}
	err := r.containers.docker.Stop(ctx, old, servicecontainer.StopTimeout(r.service))
	if err == nil {
		logs.finish()
		if err := r.containers.logs.Flush(ctx, old); err != nil {
			r.status.log.Warn("the end of the old container's log is lost", "err", err)
		}
		err = r.containers.docker.Remove(ctx, old)
	}
	if err != nil && ctx.Err() == nil {
		r.status.complain("the container whose place another has taken is there still", "err", err.Error())
		pause.For(ctx, time.Second)
	}
}

// swap gives the container id the name of old, which is told to sidecars before: in between
// none has it.
func (c containers) swap(ctx context.Context, old, id string) error {
	c.status.Succession = control.Succession{From: old, To: id, Renaming: true}
	c.status.say(c.status.Phase, c.status.Error)
	err := c.docker.Rename(ctx, old, c.service.Name+supervisor.OldSuffix)
	if err == nil {
		err = c.docker.Rename(ctx, id, c.service.Name)
	}
	c.status.Succession.Renaming = false
	if err != nil {
		c.status.Succession = control.Succession{}
	}
	c.status.say(c.status.Phase, c.status.Error)
	return err
}

// discard removes a container that did not become well, and logs what it said last.
func (c containers) discard(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), process.Patience)
	defer cancel()
	var lines []string
	c.docker.Logs(ctx, id, time.Time{}, false, func(m container.Message) error {
		lines = append(lines, strings.TrimRight(string(m.Data), "\n"))
		lines = lines[max(0, len(lines)-lastWords):]
		return nil
	})
	for _, line := range lines {
		c.status.log.Error("the container that was not well said", "line", line)
	}
	if err := c.docker.Remove(ctx, id); err != nil {
		c.status.log.Warn("the container that was not well is there until the next attempt", "err", err)
	}
}

// lastWords is how many lines of a container's log are kept that was never followed.
const lastWords = 10

// replaced is the container whose place s has taken, where it is there still.
func (c containers) replaced(ctx context.Context, s container.State) container.State {
	old, err := c.docker.Inspect(ctx, c.service.Name+supervisor.OldSuffix)
	if err != nil || old.ID == s.ID || old.Labels[container.LabelService] != c.service.Name {
		return container.State{} // the next look tells
	}
	return old
}

// config is what the sidecar announces; nil: there is none.
func (c sidecar) config() (*announce.Config, error) {
	wanted, err := supervisor.ReadAnnounce(filepath.Join(c.dir, "announce.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return nil, err
	}
	config, err := announcing.Config(wanted, host)
	return &config, err
}

// takesUp waits until the sidecar announces the container id, and reports whether it lives and
// may have had clients come to another. Of one that says that it cannot, nothing is waited for.
func (c sidecar) takesUp(ctx context.Context, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, process.Patience)
	defer cancel()
	for {
		s, err := control.ReadAnnounce(control.Dir, c.service)
		if err != nil || s.PID == 0 || !c.is(s.PID) {
			return false
		}
		if s.State == control.Announced && s.Container == id || s.State == control.Withdrawn {
			return true
		}
		if pause.For(ctx, 10*time.Millisecond) != nil {
			c.log.Warn("stopping the old container although its sidecar does not announce the new one", "state", s.State, "reason", s.Reason)
			return true
		}
	}
}

// farewell is how long clients have to leave a container whose place another has taken: what
// the service gives them, and as long at least as an answer of before may be kept.
func (c sidecar) farewell() time.Duration {
	longest := c.drain()
	a, err := supervisor.ReadAnnounce(filepath.Join(c.dir, "announce.json"))
	if err != nil {
		return longest
	}
	for _, one := range a.Announces {
		lease := time.Duration(one.Lease) * time.Second
		if lease == 0 {
			lease = defaults.Lease
		}
		longest = max(longest, lease/3)
	}
	return longest
}
