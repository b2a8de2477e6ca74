package ctl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// preparing is how many services are prepared at once: each makes a container
// on trial, which costs the daemon much and gains nothing from more.
const preparing = 8

// Main is `rundockd ctl`: JSON requests on stdin up to its end, a JSON
// response on stdout for each as it is done; they are served at once. It exits
// with 0 whenever it could answer; the answer says whether what was asked for
// is done.
func Main(args []string) int {
	if len(args) != 0 {
		fmt.Fprintln(os.Stderr, "usage: rundockd ctl < request.json\nModules call this.")
		return 2
	}
	return ctlServe(os.Stdin, os.Stdout)
}

func ctlServe(in io.Reader, out io.Writer) int {
	var writing sync.Mutex
	code := 0
	answer := func(id int, r control.Response) {
		r.Version, r.ID = control.Version, id
		writing.Lock()
		defer writing.Unlock()
		if err := json.NewEncoder(out).Encode(r); err != nil {
			fmt.Fprintln(os.Stderr, "rundockd ctl:", err)
			code = 1
		}
	}
	docker, dockerErr := container.Open()
	slots := make(chan struct{}, preparing)
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	var all sync.WaitGroup
	for n := 0; ; n++ {
		var q control.Request
		err := dec.Decode(&q)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			all.Wait()
			return code
		case err != nil:
			all.Wait()
			answer(0, control.Response{Error: "rundockd ctl: the request is not readable: " + err.Error()})
			return code
		case q.Version != control.Version:
			answer(q.ID, control.Response{Error: fmt.Sprintf("rundockd ctl: the request is of version %d, this rundockd speaks %d: install the same release on host and controller", q.Version, control.Version)})
			continue
		case q.Op == control.Read || q.Op == control.Swap:
			all.Go(func() { answer(q.ID, keyed(q)) })
			continue
		case q.Op == control.Last:
			all.Go(func() { answer(q.ID, last(context.Background(), q)) })
			continue
		case dockerErr != nil:
			answer(q.ID, control.Response{Error: dockerErr.Error()})
			continue
		}
		all.Go(func() { answer(q.ID, serve(docker, slots, q)) })
	}
}

func serve(docker *container.Client, slots chan struct{}, q control.Request) control.Response {
	ctx := context.Background()
	if q.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(q.Timeout)*time.Second)
		defer cancel()
	}
	switch q.Op {
	case control.Prepare:
		slots <- struct{}{}
		defer func() { <-slots }()
		return prepare(ctx, docker, q)
	case control.Announceable:
		return announceable(ctx, docker, q)
	case control.Wait:
		return awaited(ctx, docker, q)
	case control.Keep:
		if err := docker.TagImage(ctx, q.Image, keptImage(q.Service)); err != nil {
			return control.Response{Error: err.Error()}
		}
		return control.Response{}
	case control.Adopt:
		return adopted(ctx, docker, q)
	case control.Stop:
		return stopped(ctx, docker, q)
	case control.Remove:
		return removed(ctx, docker, q)
	}
	return control.Response{Error: fmt.Sprintf("%s %q", control.UnknownOp, q.Op)}
}

// prepare makes sure of everything that can be known before the old
// container is stopped: the image, the host's addresses and ports, and what
// the daemon says to creating the container.
func prepare(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	answer, err := prepared(ctx, docker, q)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("nothing was changed, as %s could not be prepared within wait_timeout, %ds, which pulling its image counts in: %w", q.Service, q.Timeout, err)
	}
	if err != nil {
		return control.Response{Error: err.Error()}
	}
	return answer
}

func prepared(ctx context.Context, docker *container.Client, q control.Request) (none control.Response, err error) {
	s, err := serviceOf(q)
	if err != nil {
		return none, err
	}
	// Before anything is pulled: this is known at once.
	if err := docker.Supports(ctx, s.Container); err != nil {
		return none, err
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return none, err
	}
	want, from, err := servicecontainer.Expand(s.Container)
	if err != nil {
		return none, err
	}
	current, err := docker.Inspect(ctx, s.Name)
	if err != nil {
		return none, err
	}
	adopts, err := adoptable(ctx, docker, current, want, s.Name, q.Adopt)
	if err != nil {
		return none, err
	}
	ports, err := container.HostPorts(want)
	if err != nil {
		return none, err
	}
	var answer control.Response
	if q.Check {
		unpublished, err := docker.Unpublished(ctx, want.NetworkNames())
		if err == nil {
			err = checkAnnounced(s, container.State{}, unpublished)
		}
		if err != nil {
			return none, err
		}
		answer = foreseen(ctx, docker, s, func() error { return portsFree(ctx, docker, host, s.Name, ports, current) })
	} else {
		if err := reserve(control.Dir, s.Name, ports); err != nil {
			return none, err
		}
		if err := portsFree(ctx, docker, host, s.Name, ports, current); err != nil {
			return none, err
		}
		if answer, err = pullAndTry(ctx, docker, s, want, from); err != nil {
			return none, err
		}
	}
	answer.Adopts = adopts
	return answer, nil
}

// pullAndTry pulls the image of want, makes a container on trial, and removes that.
func pullAndTry(ctx context.Context, docker *container.Client, s supervisor.Service, want spec.Container, from container.Origins) (answer control.Response, err error) {
	began := time.Now()
	pulled, err := docker.Pull(ctx, want.Image, want.Platform, s.Pull)
	if err != nil {
		return answer, err
	}
	answer.Image, answer.Pulling = pulled.Image, int(time.Since(began)/time.Second)
	if pulled.Warning != "" {
		answer.Warnings = append(answer.Warnings, pulled.Warning)
	}
	trial := s.Name + supervisor.TrialSuffix
	if err := servicecontainer.RemoveOwn(ctx, docker, trial, s.Name); err != nil {
		return answer, err
	}
	o := servicecontainer.Options(s, from)
	o.Warn = func(w string) { answer.Ignored = append(answer.Ignored, w) }
	id, err := docker.Create(ctx, trial, want, o)
	if err != nil {
		return answer, err
	}
	made, err := docker.Inspect(ctx, id)
	var unpublished string
	if err == nil {
		unpublished, err = docker.Unpublished(ctx, want.NetworkNames())
	}
	if err == nil {
		err = checkAnnounced(s, made, unpublished)
	}
	if len(want.Ports) > 0 && unpublished != "" {
		answer.Ignored = append(answer.Ignored, "no port of the container is published, as "+unpublished)
	}
	if err == nil {
		answer.Unkept, err = docker.AnonymousVolumes(ctx, made, want)
	}
	return answer, errors.Join(err, docker.Remove(ctx, id))
}

// portsFree returns an error where one of the ports that service is to have is
// bound, or another service's.
func portsFree(ctx context.Context, docker *container.Client, host hostconfig.Config, service string, ports []container.HostPort, current container.State) error {
	if err := docker.CheckPorts(ctx, ports, current); err != nil {
		return err
	}
	return owned(host, service, ports, current)
}

// foreseen is the end of a prepare that is to change nothing: what can be
// refused without a pull and without a container on trial. A port may yet be
// left by what an earlier task of the play does, and so is only warned of.
func foreseen(ctx context.Context, docker *container.Client, s supervisor.Service, portsFree func() error) control.Response {
	var answer control.Response
	if s.Pull == "never" {
		if _, err := docker.Pull(ctx, s.Container.Image, s.Container.Platform, s.Pull); err != nil {
			return control.Response{Error: err.Error()}
		}
	}
	if err := portsFree(); err != nil {
		answer.Warnings = append(answer.Warnings, "as the host is now, the call would be refused: "+err.Error())
	}
	return answer
}

// keptImage is the name of the image that a service can be rolled back to: a
// tag, as a service's name can have capitals, and of at most 128 characters.
func keptImage(service string) string {
	if len(service) > 100 {
		sum := sha256.Sum256([]byte(service))
		service = service[:100] + "-" + hex.EncodeToString(sum[:8])
	}
	return "rundock-good:" + service
}
