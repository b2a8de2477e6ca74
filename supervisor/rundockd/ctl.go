package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
)

// preparing is how many services are prepared at once: each makes a container
// on trial, which costs the daemon much and gains nothing from more.
const preparing = 8

// ctlMain is `rundockd ctl`: JSON requests on stdin up to its end, a JSON
// response on stdout for each as it is done; they are served at once. It exits
// with 0 whenever it could answer; the answer says whether what was asked for
// is done.
func ctlMain(args []string) int {
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
	case control.Wait:
		return awaited(ctx, docker, q)
	case control.Keep:
		if err := docker.Keep(ctx, q.Image, keptImage(q.Service)); err != nil {
			return control.Response{Error: err.Error()}
		}
		return control.Response{}
	case control.Remove:
		return remove(ctx, docker, q.Service)
	}
	return control.Response{Error: fmt.Sprintf("rundockd ctl: unknown op %q", q.Op)}
}

// prepare makes sure of everything that can be known before the old
// container is stopped: the image, the host's addresses and ports, and what
// the daemon says to creating the container.
func prepare(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	fail := func(err error) control.Response {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (after %ds)", err, q.Timeout)
		}
		return control.Response{Error: err.Error()}
	}
	var s supervisor.Service
	if err := json.Unmarshal(q.Spec, &s); err != nil {
		return fail(fmt.Errorf("prepare %s: %w", q.Service, err))
	}
	// Before anything is pulled: this is known at once.
	if err := docker.Supports(ctx, s.Container); err != nil {
		return fail(err)
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return fail(err)
	}
	want, addresses, err := expand(s.Container)
	if err != nil {
		return fail(err)
	}
	current, err := docker.Inspect(ctx, s.Name)
	if err != nil {
		return fail(err)
	}
	if err := foreign(current, s.Name); err != nil {
		return fail(err)
	}
	ports, err := container.HostPorts(want)
	if err != nil {
		return fail(err)
	}
	if err := reserve(control.Dir, s.Name, ports); err != nil {
		return fail(err)
	}
	if err := docker.CheckPorts(ctx, ports, current); err != nil {
		return fail(err)
	}
	if err := owned(host, s.Name, ports, current); err != nil {
		return fail(err)
	}
	pulled, err := docker.Pull(ctx, want.Image, want.Platform, s.Pull)
	if err != nil {
		return fail(err)
	}
	answer := control.Response{Image: pulled.Image}
	if pulled.Warning != "" {
		answer.Warnings = append(answer.Warnings, pulled.Warning)
	}
	trial := s.Name + supervisor.TrialSuffix
	if _, err := removeOwn(ctx, docker, trial, s.Name); err != nil {
		return fail(err)
	}
	o := options(s, addresses, host.DNS)
	o.Warn = func(w string) { answer.Ignored = append(answer.Ignored, w) }
	id, err := docker.Create(ctx, trial, want, o)
	if err != nil {
		return fail(err)
	}
	if err := docker.Remove(ctx, id); err != nil {
		return fail(err)
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

// remove takes away what a service leaves besides its service directory and
// its logs.
func remove(ctx context.Context, docker *container.Client, service string) control.Response {
	answer := control.Response{}
	for _, name := range containerNames(service) {
		there, err := removeOwn(ctx, docker, name, service)
		answer.Changed = answer.Changed || there
		if err != nil {
			answer.Error = fmt.Sprintf("remove %s: %v", service, err)
			return answer
		}
	}
	if err := docker.Unkeep(ctx, keptImage(service)); err != nil {
		answer.Error = fmt.Sprintf("remove %s: %v", service, err)
		return answer
	}
	for _, dir := range []string{control.Dir, stateDir} {
		if err := os.RemoveAll(filepath.Join(dir, service)); err != nil {
			answer.Error = fmt.Sprintf("remove %s: %v", service, err)
		}
	}
	return answer
}

// Running means: the same container has been up for this long.
const steady = 2 * time.Second

// looped is how many ends in a row make waiting for the next start hopeless.
const looped = 3

// awaited waits until the service is as q.For says. It gives up early where
// time will not help: the container cannot be made, or crashes in a loop.
func awaited(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	if q.Timeout == 0 {
		return control.Response{Error: "rundockd ctl: wait needs a timeout"}
	}
	last := ""
	for {
		answer, pending, err := look(ctx, docker, q)
		if ctx.Err() != nil && last != "" {
			pending, err = last, nil // what look says now is that its time is over
		}
		last = pending
		switch {
		case err != nil:
			answer.Error = fmt.Sprintf("%s: %v", q.Service, err)
			return answer
		case pending == "":
			return answer
		}
		if wait(ctx, 50*time.Millisecond) != nil {
			answer.Error = fmt.Sprintf("%s is not %s after %ds: %s", q.Service, q.For, q.Timeout, pending)
			answer.Error += lastLog(docker, q.Service)
			return answer
		}
	}
}

// look compares the status files with what is waited for. pending says what
// is missing, "" when nothing is; an error is final.
func look(ctx context.Context, docker *container.Client, q control.Request) (answer control.Response, pending string, err error) {
	a, err := control.ReadAnnounce(control.Dir, q.Service)
	if err != nil {
		return answer, "", err
	}
	if a.PID != 0 {
		answer.Announce = &a
	}
	announced := func() string {
		if a.PID == 0 {
			return "the announcer has not said anything yet"
		}
		if a.State != control.Announced || a.Since.IsZero() {
			return fmt.Sprintf("announcer: %s: %s", a.State, a.Reason)
		}
		return ""
	}
	if q.Hash == "" { // announce-only
		if q.For == "announced" || q.For == "healthy" {
			return answer, announced(), nil
		}
		if a.PID == 0 {
			return answer, announced(), nil
		}
		return answer, "", nil
	}
	r, err := control.ReadRunner(control.Dir, q.Service)
	if err != nil {
		return answer, "", err
	}
	answer.Runner = &r
	if r.Wanted != q.Hash || r.Since.Before(q.Since) && r.Container == q.Not && q.Not != "" {
		return answer, "the runner has not started yet", nil
	}
	if r.Since.After(q.Since) && r.Phase == control.Backoff && (r.Crashes >= looped || r.ExitCode == 0 && r.Error != "") {
		return answer, "", errors.New(r.Error + lastLog(docker, q.Service))
	}
	if r.Phase == control.Running && (r.Spec != q.Hash || q.Not != "" && r.Container == q.Not) && r.Error != "" && r.Since.After(q.Since) {
		return answer, "", fmt.Errorf("%s; the previous container goes on running", r.Error)
	}
	switch {
	case r.Phase != control.Running:
		return answer, strings.TrimSuffix(fmt.Sprintf("%s: %s", r.Phase, r.Error), ": "), nil
	case r.Spec != q.Hash, q.Not != "" && r.Container == q.Not:
		return answer, "the old container still runs", nil
	case r.Warning != "":
		answer.Warnings = append(answer.Warnings, r.Warning)
	}
	up := time.Since(r.Started)
	switch q.For {
	case "announced":
		if p := announced(); p != "" {
			return answer, p, nil
		}
		if a.Container != r.Container {
			return answer, "the announcer has not seen the new container yet", nil
		}
		return answer, "", nil
	case "healthy":
		s, err := docker.Inspect(ctx, r.Container)
		if err != nil {
			return answer, err.Error(), nil
		}
		if s.Health != "" && s.Health != "healthy" {
			return answer, fmt.Sprintf("container is %s: %s", s.Health, strings.TrimSpace(s.HealthLog)), nil
		}
		if s.Health == "healthy" {
			return answer, "", nil
		}
	}
	if up < steady {
		return answer, fmt.Sprintf("container is up for %s, wanted are %s", up.Round(time.Millisecond), steady), nil
	}
	return answer, "", nil
}

// lastLog is the end of the container's log, to go into an error message.
func lastLog(docker *container.Client, service string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	text, err := docker.Tail(ctx, service, 10)
	if err != nil || text == "" {
		return ""
	}
	return "; its last log lines:\n" + strings.TrimRight(text, "\n")
}
