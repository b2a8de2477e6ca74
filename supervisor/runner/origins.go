package runner

import (
	"context"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/spec"
	"rundock/supervisor/servicecontainer"
)

// partnerLook is how often the runner looks whether its container still shares
// with others what it was made to.
const partnerLook = 2 * time.Second

// origins looks at what a container of a spec is made from besides.
type origins struct {
	spec   spec.Container
	docker *container.Client
}

// now is the spec as a container of it is made now, and what that is made from
// besides.
func (o origins) now(ctx context.Context) (spec.Container, container.Origins, error) {
	want, from, err := servicecontainer.Expand(o.spec)
	if err == nil {
		from.Partners, err = o.docker.Partners(ctx, want.Shares())
	}
	return want, from, err
}

// outdated returns why the running container, which has these labels, has to
// be made anew although nobody asked: something that it was made from is
// another thing now. It returns "" when ctx is done.
func (o origins) outdated(ctx context.Context, labels map[string]string) string {
	ctx, found := context.WithCancel(ctx)
	defer found()
	why := make(chan string, 2)
	go func() {
		defer found()
		text, _ := hostconfig.Moved(ctx, hostconfig.AddressLook, "", func() (string, error) {
			_, from, err := servicecontainer.Expand(o.spec)
			return from.Changed(labels), err
		})
		why <- text
	}()
	if len(o.spec.Shares()) > 0 {
		go func() {
			defer found()
			why <- o.partnersChange(ctx, labels)
		}()
	}
	<-ctx.Done()
	return <-why
}

// partnersChange is outdated for the containers that it shares something with:
// they are different, or away, when they are seen to be once.
func (o origins) partnersChange(ctx context.Context, labels map[string]string) string {
	for pause.For(ctx, partnerLook) == nil {
		all, err := o.docker.Partners(ctx, o.spec.Shares())
		if err != nil {
			continue
		}
		now := container.Origins{Addresses: labels[container.LabelAddresses], Resolver: labels[container.LabelResolver], Partners: all}
		if why := now.Changed(labels); why != "" {
			return why
		}
		if why := now.MissingPartner(); why != "" {
			return why
		}
	}
	return ""
}
