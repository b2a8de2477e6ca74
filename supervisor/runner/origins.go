package runner

import (
	"context"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// expanded is the service's spec as a container of it is made now, and what
// that is made from besides.
func (r *runner) expanded(ctx context.Context) (spec.Container, container.Origins, error) {
	want, from, err := servicecontainer.Expand(r.service.Container)
	if err == nil {
		from.Partners, err = r.docker.Partners(ctx, want.Shares())
	}
	return want, from, err
}

// partners waits until the containers are there that this one shares something
// with, as mounts does.
func (r *runner) partners(ctx context.Context) error {
	return r.await(ctx, func() string {
		all, err := r.docker.Partners(ctx, r.service.Container.Shares())
		if err != nil {
			return "" // for the start to find out
		}
		return container.Origins{Partners: all}.Away()
	})
}

// await waits until missing, which names what must be there before the
// container is started, returns "". The error is that of ctx.
func (r *runner) await(ctx context.Context, missing func() string) error {
	said := ""
	for {
		now := missing()
		if now == "" {
			return nil
		}
		if said != now {
			said = now
			r.log.Warn("waiting to start the container", "for", said)
			r.say(control.Waiting, said)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-r.replace: // a new container is what it will be
			r.deployAnew()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// partnerLook is how often the runner looks whether its container still shares
// with others what it was made to.
const partnerLook = 2 * time.Second

// outdated returns why the running container, which has these labels, has to
// be made anew although nobody asked: something that it was made from is
// another thing now. It returns "" when ctx is done.
func (r *runner) outdated(ctx context.Context, labels map[string]string) string {
	ctx, found := context.WithCancel(ctx)
	defer found()
	why := make(chan string, 2)
	go func() {
		defer found()
		text, _ := hostconfig.Moved(ctx, hostconfig.AddressLook, "", func() (string, error) {
			_, from, err := servicecontainer.Expand(r.service.Container)
			return from.Changed(labels), err
		})
		why <- text
	}()
	if len(r.service.Container.Shares()) > 0 {
		go func() {
			defer found()
			why <- r.partnersChange(ctx, labels)
		}()
	}
	<-ctx.Done()
	return <-why
}

// partnersChange is outdated for the containers that it shares something with:
// they are different, or away, when they are seen to be once.
func (r *runner) partnersChange(ctx context.Context, labels map[string]string) string {
	for process.Wait(ctx, partnerLook) == nil {
		all, err := r.docker.Partners(ctx, r.service.Container.Shares())
		if err != nil {
			continue
		}
		now := container.Origins{Addresses: labels[container.LabelAddresses], Resolver: labels[container.LabelResolver], Partners: all}
		if why := now.Changed(labels); why != "" {
			return why
		}
		if why := now.Away(); why != "" {
			return why
		}
	}
	return ""
}
