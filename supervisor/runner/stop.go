package runner

import (
	"context"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// stop withdraws the announcement, stops the container and removes it. With
// the daemon away it is tried for as long as a stop may take.
func (r *runner) stop() int {
	patience := time.Duration(servicecontainer.StopTimeout(r.service)+10) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience+r.drain())
	defer cancel()
	r.say(control.Stopping, "")
	for {
		err := r.stopOnce(ctx)
		if err == nil {
			r.status.Container = ""
			r.say(control.Stopped, "")
			return 0
		}
		r.say(control.Stopping, err.Error())
		if process.Wait(ctx, 500*time.Millisecond) != nil {
			r.log.Error("leaving with the container not stopped", "err", err)
			return 1
		}
	}
}

func (r *runner) stopOnce(ctx context.Context) error {
	for _, name := range []string{r.service.Name, r.service.Name + supervisor.NextSuffix} {
		s, err := r.docker.Inspect(ctx, name)
		if err != nil {
			return err
		}
		if s.Labels[container.LabelService] != r.service.Name {
			continue
		}
		if s.Running {
			r.withdraw(ctx, s.ID)
			if err := r.docker.Stop(ctx, s.ID, servicecontainer.StopTimeout(r.service)); err != nil {
				return err
			}
		}
		if name == r.service.Name {
			if err := r.logs.Flush(ctx, s.ID); err != nil {
				r.log.Warn("the end of the container's log is lost", "err", err)
			}
		}
		if err := r.docker.Remove(ctx, s.ID); err != nil {
			return err
		}
	}
	return nil
}
