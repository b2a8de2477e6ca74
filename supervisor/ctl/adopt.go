package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// adoptable reports whether current is somebody else's container that may be
// taken over as that of service: the call says so, and it is as one that is
// made of want. An error is of one that may not.
func adoptable(ctx context.Context, docker *container.Client, current container.State, want spec.Container, service string, adopt bool) (bool, error) {
	err := servicecontainer.CheckOwner(current, service)
	if err == nil {
		return false, nil
	}
	if !adopt {
		return false, fmt.Errorf("%w; one that is as it is asked for is taken over by adopt: true", err)
	}
	differences, err := docker.Differences(ctx, current.ID, want)
	if err != nil {
		return false, err
	}
	if differences != nil {
		return false, fmt.Errorf("the container %s that is there is not as it is asked for, so it is not taken over: %s: mend the parameters, or rename or remove it", service, strings.Join(differences, "; "))
	}
	return true, nil
}

// adopted has somebody else's container make room, after another look at it.
func adopted(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	fail := func(err error) control.Response {
		return control.Response{Error: fmt.Sprintf("take over container %s: %v", q.Service, err)}
	}
	var s supervisor.Service
	if err := json.Unmarshal(q.Spec, &s); err != nil {
		return fail(err)
	}
	want, _, err := servicecontainer.Expand(s.Container)
	if err != nil {
		return fail(err)
	}
	current, err := docker.Inspect(ctx, s.Name)
	if err != nil {
		return fail(err)
	}
	there, err := adoptable(ctx, docker, current, want, s.Name, true)
	if err != nil {
		return fail(err)
	}
	if !there {
		return control.Response{}
	}
	if err := docker.Stop(ctx, current.ID, current.StopTimeout); err != nil {
		return fail(err)
	}
	if err := docker.RemoveKeepingVolumes(ctx, current.ID); err != nil {
		return fail(err)
	}
	return control.Response{Changed: true}
}
