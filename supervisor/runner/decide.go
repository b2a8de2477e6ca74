package runner

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"rundock/internal/container"
	"rundock/internal/registry"
)

// observed is what decide goes by, at one moment.
type observed struct {
	ended     error             // cause with which the runner was told to leave; nil: it was not
	container container.State   // of the service's name; zero: there is none
	unseen    error             // why container is not known, or is not ours to touch
	waited    bool              // dockerd was away until now
	origins   container.Origins // what a container would be made from now; known while container runs
	unmade    error             // why none could be made now; known while container runs
	wait      time.Duration     // until the next start, which crashes have put off
	asked     bool              // somebody asked for another container, which is not there yet
}

// wanted is the container that there is to be.
type wanted struct {
	spec  string // hash
	image string // id; "": what the spec's reference means
}

// verb is what a runner can do.
type verb string

const (
	adopt   verb = "adopt"    // follow the running container
	start   verb = "start"    // make a container, as none runs
	replace verb = "replace"  // make a container and put it in the place of the running one
	backOff verb = "back off" // wait until the next start
	stop    verb = "stop"     // stop the container and leave
	leave   verb = "leave"    // leave, and the container to a successor
)

// action is what to do next.
type action struct {
	do      verb
	problem error  // adopt, back off: why the wanted container does not run; nil: nothing new is wrong
	why     string // replace: what is wrong with the running container
	unasked bool   // replace: nobody has asked for it
}

// decide says what to do next, where the last attempt at the wanted container
// failed with problem, or with nil did not fail.
//
// A running container that is not the wanted one goes on for as long as the
// wanted one cannot be made. What a container is compared by is noted on it, so
// that another runner, of whichever release, decides the same.
func decide(now observed, want wanted, problem error) action {
	running := now.unseen == nil && now.container.Running
	if problem == nil || now.waited { // what failed may have failed for dockerd
		problem = now.obstacle()
	}
	switch {
	case errors.Is(now.ended, registry.ErrHandOver):
		return action{do: leave}
	case now.ended != nil:
		return action{do: stop}
	case running && problem != nil:
		return action{do: adopt, problem: problem}
	case problem != nil, !running && now.wait > 0:
		return action{do: backOff, problem: problem}
	case !running:
		return action{do: start}
	}
	return compare(now, want)
}

// obstacle is why no container can be made now, by what was seen.
func (now observed) obstacle() error {
	if err := cmp.Or(now.unseen, now.unmade); err != nil {
		return err
	}
	if away := now.origins.MissingPartner(); away != "" {
		return errors.New(away)
	}
	return nil
}

// compare adopts the running container if it is the wanted one.
func compare(now observed, want wanted) action {
	labels := now.container.Labels
	outdated := now.origins.Changed(labels)
	switch {
	case labels[container.LabelSpec] != want.spec:
		return action{do: replace, why: fmt.Sprintf("it is of spec %s, and %s is wanted", labels[container.LabelSpec], want.spec)}
	case want.image != "" && now.container.Image != want.image:
		return action{do: replace, why: fmt.Sprintf("it is of image %s, and %s is wanted", now.container.Image, want.image)}
	case outdated != "":
		return action{do: replace, why: outdated, unasked: true}
	case now.asked:
		return action{do: replace, why: "another one was asked for"}
	}
	return action{do: adopt}
}
