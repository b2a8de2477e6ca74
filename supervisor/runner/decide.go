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
	drained   bool              // the host is: no service is to run
	barred    bool              // another host may have the slot: its lock is not here
	attempts  int               // of a job: runs in a row that failed
	replaced  container.State   // one whose place container has taken, and which is there still; zero: there is none
}

// wanted is the container that there is to be.
type wanted struct {
	spec  string // hash
	image string // id; "": what the spec's reference means
	job   bool   // it runs once to its end
	tries int    // of a job that fails: how often it is started again
	first bool   // another one is started beside the one whose place it takes
}

// verb is what a runner can do.
type verb string

const (
	adopt   verb = "adopt"    // follow the running container
	start   verb = "start"    // make a container, as none runs
	replace verb = "replace"  // stop the running container, and put another in its place
	succeed verb = "succeed"  // start another container beside the running one, and then put it in its place
	retire  verb = "retire"   // stop the container whose place the running one has taken
	backOff verb = "back off" // wait until the next start
	await   verb = "await"    // a job has ended: wait until another container is wanted
	rest    verb = "rest"     // stop the container and wait until the host is drained no longer
	standBy verb = "stand by" // stop the container and wait until the slot's lock is here
	stop    verb = "stop"     // stop the container and leave
	leave   verb = "leave"    // leave, and the container to a successor
)

// action is what to do next.
type action struct {
	do      verb
	problem error  // adopt, back off: why the wanted container does not run; nil: nothing new is wrong
	why     string // replace, succeed: what is wrong with the running container
	unasked bool   // the same: nobody has asked for it
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
	case want.job && now.over(want):
		return action{do: await}
	case now.drained:
		return action{do: rest}
	case now.barred:
		return action{do: standBy}
	case running && now.replaced.Exists:
		return action{do: retire}
	case running && problem != nil:
		return action{do: adopt, problem: problem}
	case problem != nil, !running && now.wait > 0:
		return action{do: backOff, problem: problem}
	case !running:
		return action{do: start}
	}
	return compare(now, want)
}

// over reports whether the wanted job has run to its end. One that failed in
// another boot of the host, of which nothing is known, is not tried again.
func (now observed) over(want wanted) bool {
	c := now.container
	if now.unseen != nil || now.asked || !c.Exists || c.Running || c.FinishedAt.IsZero() || c.Labels[container.LabelSpec] != want.spec {
		return false
	}
	return c.ExitCode == 0 || now.attempts == 0 || now.attempts > want.tries
}

// endedUnseen reports whether c, of the id that was started last, has ended before
// anybody followed it, as a short job does.
func endedUnseen(c container.State, started string) bool {
	return started != "" && c.ID == started && !c.Running && !c.FinishedAt.IsZero()
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
	other := replace
	if want.first && !now.container.Paused {
		other = succeed
	}
	outdated := now.origins.Changed(labels)
	switch {
	case labels[container.LabelSpec] != want.spec:
		return action{do: other, why: fmt.Sprintf("it is of spec %s, and %s is wanted", labels[container.LabelSpec], want.spec)}
	case want.image != "" && now.container.Image != want.image:
		return action{do: other, why: fmt.Sprintf("it is of image %s, and %s is wanted", now.container.Image, want.image)}
	case outdated != "":
		return action{do: other, why: outdated, unasked: true}
	case now.asked:
		return action{do: other, why: "another one was asked for"}
	}
	return action{do: adopt}
}
