package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/distribution/reference"

	"rundock/internal/container"
	"rundock/internal/pause"
)

// usualCgroup is that of the containers of builds, and of no others.
const usualCgroup = "rundockbuild"

const (
	// cleanWithin bounds what a build that has ended takes to remove its containers.
	cleanWithin = time.Minute
	// settleIn is how long no container is to be seen of a build that did not go well: where the daemon was not heard to its
	// end it may just be making one, which it then removes itself.
	settleIn = 2 * time.Second
)

// Builder builds images on a host, one at a time. Of a host's builders each has a
// cgroup of its own.
type Builder struct {
	Docker  *container.Client
	Limits  Limits
	Network string // of their steps, which is made where there is none; "" is the daemon's bridge
	Cgroup  string // of the containers of its builds, and of no others; "" is rundockbuild

	// NoFetch is for what others wrote: ADD takes files alone, also that of an ONBUILD of an image that a build begins with. An
	// address the daemon would fetch, from the host's own network.
	NoFetch bool

	// Registries are those whose images a build may begin with or copy from by this host's credentials, besides the one
	// that a build is pushed to. These go to the daemon: steps have none of them.
	Registries []string
}

// Made is an image that there is.
type Made struct {
	Image string // by its digest at the image registry, or else by its name
	Built bool   // it was not there before
}

// ErrTime and ErrDisk are limits that a build was over.
var (
	ErrTime = errors.New("the build is not done in the time that it may take")
	ErrDisk = errors.New("the build leaves too little room on the disk")
)

// Refused are lines of a Dockerfile that need BuildKit.
type Refused []string

func (r Refused) Error() string { return strings.Join(r, "; ") }

// Check says which lines of a Dockerfile, called name for people, the builder cannot do.
func Check(name, text string) error {
	return inspect(name, text, runtime.GOARCH).refused()
}

// Build makes an image, unless there is one of the same files already. What the builder
// says is added to the request's log. The end of ctx ends the build, also of one that never
// ends by itself; when Build returns, no container of it is left, or the error says so. One that comes to nothing
// leaves no images of its steps either.
func (b Builder) Build(ctx context.Context, r Request) (Made, error) {
	limits := b.Limits.settled()
	s, err := open(r.Branch, r.Build.Context, r.Build.Dockerfile, r.Build.Inline)
	if err != nil {
		return Made{}, err
	}
	defer s.folder.Close()
	shown := s.dockerfile
	if shown == inlineName {
		shown = "dockerfile_inline"
	}
	found := inspect(shown, s.text, runtime.GOARCH)
	if err := found.refused(); err != nil {
		return Made{}, err
	}
	if b.NoFetch {
		if wrong := fetches(shown, found.text); len(wrong) > 0 {
			return Made{}, Refused(wrong)
		}
	}
	ref := r.Name + ":" + Tag(r.Build, r.Tree, s.text, runtime.GOARCH)
	if made, ok, err := b.existing(ctx, r, ref); ok || err != nil {
		return made, err
	}
	r.Log.Addf("building %s, with %d MiB of memory, for %s at most", ref, limits.Memory>>20, limits.Time)
	for _, note := range found.notes {
		r.Log.Addf("%s", note)
	}
	if b.NoFetch || found.text != s.text { // so what was looked at is what is built
		s.dockerfile, s.text = inlineName, found.text
	}
	began, layers := time.Now(), namedLayers{}
	if err := b.limited(ctx, limits, func(ctx context.Context, parent string) error {
		return b.build(ctx, r, s, shown, ref, found.platforms, limits, parent, layers)
	}); err != nil {
		// That they stay is told, and no reason for another error.
		if left := b.dropLayers(context.WithoutCancel(ctx), layers, began); left != nil {
			r.Log.Addf("%v", left)
		}
		r.Log.Addf("%v", err)
		return Made{}, err
	}
	made, err := b.pushed(ctx, r, ref)
	made.Built = true
	return made, err
}

// parent is the cgroup of builds as the daemon is given it.
func (b Builder) parent(ctx context.Context) (string, error) {
	return b.Docker.CgroupOf(ctx, cmp.Or(b.Cgroup, usualCgroup))
}

// existing returns the image that ref means, at the image registry or here.
func (b Builder) existing(ctx context.Context, r Request, ref string) (Made, bool, error) {
	if r.Push {
		// An image registry that does not answer is found out by the push.
		if fixed, err := b.Docker.Resolve(ctx, ref); err == nil {
			r.Log.Addf("%s is there: nothing is built", fixed)
			return Made{Image: fixed}, true, nil
		}
	}
	id, err := b.Docker.ImageID(ctx, ref)
	if err != nil || id == "" {
		return Made{}, false, err
	}
	r.Log.Addf("%s is here: nothing is built", ref)
	made, err := b.pushed(ctx, r, ref)
	return made, true, err
}

// pushed is the image by its digest, once the image registry has it.
func (b Builder) pushed(ctx context.Context, r Request, ref string) (Made, error) {
	if !r.Push {
		return Made{Image: ref}, nil
	}
	digest, err := b.Docker.Push(ctx, ref)
	if err != nil {
		return Made{}, err
	}
	named, err := reference.ParseNormalizedNamed(r.Name)
	if err != nil {
		return Made{}, fmt.Errorf("image %s: %w", r.Name, err)
	}
	return Made{Image: reference.FamiliarName(named) + "@" + digest}, nil
}

// registries are those whose images a build may read.
func (b Builder) registries(r Request) []string {
	named, err := reference.ParseNormalizedNamed(r.Name)
	if !r.Push || err != nil {
		return b.Registries
	}
	return append(slices.Clone(b.Registries), reference.Domain(named))
}

func (b Builder) build(ctx context.Context, r Request, s source, shown, ref string, platforms []string, limits Limits, parent string, layers namedLayers) error {
	if b.Network != "" {
		if err := b.Docker.EnsureNetwork(ctx, b.Network); err != nil {
			return err
		}
	}
	args := platformArgs(platforms, runtime.GOARCH)
	maps.Copy(args, r.Build.Args)
	pull := r.Build.Pull
	if b.NoFetch {
		text, err := b.lookedInto(ctx, r, shown, s.text, args)
		if err != nil {
			return err
		}
		s.text, pull = text, false // which is done
	}
	labels := maps.Clone(r.Build.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, r.Labels)
	// The files are sent while they are read; the reader ends the writer.
	network := r.Build.Network
	if network != "none" && b.Network != "" {
		network = b.Network
	}
	in, out := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := s.write(out, limits.Context)
		out.CloseWithError(err)
		wrote <- err
	}()
	_, err := b.Docker.Build(ctx, container.BuildOptions{
		Context: in, Dockerfile: s.dockerfile, Target: r.Build.Target, Args: args, Labels: labels, Tag: ref,
		Registries: b.registries(r), NoCache: r.Build.NoCache, Pull: pull, Network: network, ExtraHosts: r.Build.ExtraHosts, ShmSize: r.Build.ShmSize,
		Memory: limits.Memory, CPU: limits.CPU, Parent: parent,
	}, func(text string) {
		layers.hear(text)
		r.Log.Add(text)
	})
	in.Close()
	if unsent := <-wrote; unsent != nil && !errors.Is(unsent, io.ErrClosedPipe) && ctx.Err() == nil {
		return unsent
	}
	return err
}

// limited has do build within limits of time and disk, and removes its containers.
func (b Builder) limited(ctx context.Context, limits Limits, do func(ctx context.Context, parent string) error) error {
	parent, err := b.parent(ctx)
	if err != nil {
		return err
	}
	if err := limitProcesses(ctx, parent, limits.Processes); err != nil {
		return err
	}
	daemon, err := b.Docker.Daemon(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limits.Time, func() { cancel(fmt.Errorf("%w: %s", ErrTime, limits.Time)) })
	defer timer.Stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			if free, err := freeOf(daemon.Root); err == nil && free < limits.Free {
				cancel(fmt.Errorf("%w: %d MiB are free on %s, and %d MiB are to stay so", ErrDisk, free>>20, daemon.Root, limits.Free>>20))
			}
			if pause.For(within, time.Second) != nil {
				return
			}
		}
	}()
	ended := do(within, parent)
	err = ended
	if within.Err() != nil {
		if err = context.Cause(within); errors.Is(ended, container.ErrNoEnd) {
			err = errors.Join(err, ended)
		}
	}
	cancel(nil)
	<-watched
	quiet := time.Duration(0)
	if err != nil {
		quiet = settleIn
	}
	return errors.Join(err, b.clean(context.WithoutCancel(ctx), parent, quiet))
}

// freeOf is how many bytes are free where path is.
func freeOf(path string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(path, &s)
	return int64(s.Bavail) * s.Bsize, err
}

// Clean removes the containers of a build that ended with its process.
func (b Builder) Clean(ctx context.Context) error {
	parent, err := b.parent(ctx)
	if err != nil {
		return err
	}
	return b.clean(ctx, parent, 0)
}

// clean removes containers of builds until there have been none for as long as quiet.
func (b Builder) clean(ctx context.Context, parent string, quiet time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cleanWithin, fmt.Errorf("not done within %s", cleanWithin))
	defer cancel()
	var last error
	for since := time.Now(); ; {
		ids, err := b.Docker.BuildContainers(ctx, parent)
		for _, id := range ids {
			err = errors.Join(err, b.Docker.Remove(ctx, id))
		}
		switch {
		case err != nil || len(ids) > 0:
			since, last = time.Now(), err
		case time.Since(since) >= quiet:
			return nil
		}
		if err := pause.For(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("remove containers of the build: %w", errors.Join(err, last))
		}
	}
}
