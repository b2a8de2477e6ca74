package ctl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// stopped makes sure that a service, whose runner is gone, has no container.
// The runner may have been killed, or have left while dockerd was away. The
// runner's status says then that it is so: who reads it need not ask dockerd.
func stopped(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	answer := noContainer(ctx, docker, q)
	if answer.Error != "" || answer.Foreign || q.Check {
		return answer
	}
	status, _ := control.ReadRunner(control.Dir, q.Service) // an unreadable one is replaced
	if status.Phase != control.Stopped {
		status.Service, status.Phase, status.Since = q.Service, control.Stopped, time.Now()
		status.Container, status.Error, status.NextStart = "", "", time.Time{}
		if err := control.WriteRunner(control.Dir, status); err != nil {
			answer.Error = fmt.Sprintf("stop %s: its container is gone, but that cannot be noted: %v", q.Service, err)
		}
	}
	return answer
}

// removed takes away what a service leaves besides its service directory and
// its logs.
func removed(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	answer := noContainer(ctx, docker, q)
	if answer.Error != "" || answer.Foreign || q.Check {
		return answer
	}
	if err := docker.UntagImage(ctx, keptImage(q.Service)); err != nil {
		answer.Error = fmt.Sprintf("remove %s: %v", q.Service, err)
		return answer
	}
	for _, dir := range []string{control.Dir, hostconfig.StateDir} {
		if err := os.RemoveAll(filepath.Join(dir, q.Service)); err != nil {
			answer.Error = fmt.Sprintf("remove %s: %v", q.Service, err)
		}
	}
	return answer
}

// noContainer stops and removes the containers of a service; where it is to be those of
// a slot, it leaves others, and says so. To check is only to look for them.
func noContainer(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	all, err := servicecontainer.All(ctx, docker, q.Service)
	var answer control.Response
	for _, s := range all {
		if q.Stack != "" && (s.Labels[supervisor.LabelStack] != q.Stack || s.Labels[supervisor.LabelSlot] != q.Slot) {
			answer.Foreign = true
			answer.Warnings = append(answer.Warnings, fmt.Sprintf("container %s is not of slot %s of stack %s: it is left as it is", s.Name, q.Slot, q.Stack))
			continue
		}
		answer.Changed = true
		if err == nil && !q.Check {
			err = servicecontainer.Remove(ctx, docker, s)
		}
	}
	if err != nil {
		answer.Error = fmt.Sprintf("%s the container of %s: %v; see that dockerd runs, then call again", q.Op, q.Service, err)
	}
	return answer
}
