package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rundock/dnsd/store"
	"rundock/internal/pause"
	"rundock/internal/registry/etcd"
)

const (
	lookAgain  = 300 * time.Millisecond // while something is waited for
	silence    = 2 * time.Second        // of waiting, before it is said for what
	hesitation = 15 * time.Second       // before a refusal: members that are only slow answer within it
	patience   = 3 * time.Minute        // with a step that does not come to its end
)

// An alignment is a call of "dnsd cluster align", or of "dnsd cluster remove".
type alignment struct {
	client *etcd.Cluster
	hosts  []Host              // wanted; of align
	next   func([]member) step // by the members that there are
	dir    string              // of this host's store
	begin  bool                // no host has data: this host's store begins the cluster
	check  bool                // say what would be done
	out    io.Writer
	waits  io.Writer // is told what is waited for

	unanswered step // etcd may have made it, and its answer got lost
}

// run makes step after step, and says each in a line. etcd refuses a step until it has
// been connected to most members for five seconds, as right after another step or a start:
// that is waited for as well, as are members that do not answer for a moment. It gives up with the
// reason where a step does not come to its end within patience; another call goes
// on from there.
func (a *alignment) run(ctx context.Context) error {
	if a.begin {
		if a.check {
			fmt.Fprintln(a.out, "would begin a cluster")
			for _, h := range a.hosts[1:] {
				fmt.Fprintf(a.out, "would add %s\n", h.Name)
			}
			return nil
		}
		begun, err := store.Begin(a.dir)
		if err != nil {
			return err
		}
		if begun {
			fmt.Fprintln(a.out, "began a cluster")
		}
	}
	if a.check {
		return a.foretell(ctx)
	}
	var last error
	told := ""
	for progress := time.Now(); ; {
		s, err := a.step(ctx)
		switch {
		case err == nil && s.kind == done:
			return nil
		case err == nil && s.kind == refuse && (s.final || time.Since(progress) > hesitation):
			return errors.New(s.reason)
		case err == nil && s.kind == refuse:
			last = errors.New(s.reason)
		case err == nil && s.kind != await:
			progress, last = time.Now(), nil
			continue
		case err != nil:
			last = err
		default:
			last = fmt.Errorf("%s %s: see the log of its dnsd, and etcd.log beside its store", s.member.said(), s.reason)
		}
		switch waited := time.Since(progress); {
		case waited > patience:
			return fmt.Errorf("after %s: %w", patience, last)
		case waited > silence && last.Error() != told:
			told = last.Error()
			fmt.Fprintln(a.waits, "waiting:", told)
		}
		if pause.For(ctx, lookAgain); ctx.Err() != nil {
			return last
		}
	}
}

// step looks, and makes the next step. One that etcd made without an answer, as where the
// member that was asked is the one that goes, is said once it is seen to be made.
func (a *alignment) step(ctx context.Context) (step, error) {
	members, err := look(ctx, a.client, a.hosts)
	if err != nil {
		return step{}, err
	}
	if made(a.unanswered, members) {
		a.noted(a.unanswered)
	}
	a.unanswered = step{}
	s := a.next(members)
	switch s.kind {
	case add:
		err = a.client.Add(ctx, s.host.Peer)
	case move:
		if err := listens(ctx, s.host.Peer); err != nil {
			return step{kind: refuse, reason: fmt.Sprintf("%s does not listen for other members at %s (%v): run site.yml for all hosts that keep etcd at once, which has it do so", s.member.said(), s.host.Peer, err)}, nil
		}
		err = a.client.Move(ctx, s.member.id, s.host.Peer)
	case remove:
		s, err = a.remove(ctx, members, s)
	case promote:
		if err = a.client.Promote(ctx, s.member.id); errors.Is(err, etcd.ErrNotInSync) {
			return step{kind: await, member: s.member, reason: "does not have all records yet"}, nil
		}
	}
	if err == nil {
		a.noted(s)
	} else {
		a.unanswered = s
	}
	return s, err
}

// made says whether the members have become what the step s makes them.
func made(s step, members []member) bool {
	if s.kind == add {
		return slices.ContainsFunc(members, func(m member) bool { return m.peer == s.host.Peer })
	}
	at := slices.IndexFunc(members, func(m member) bool { return m.id == s.member.id })
	switch s.kind {
	case remove:
		return at < 0
	case promote:
		return at >= 0 && !members[at].learner
	case move:
		return at >= 0 && members[at].peer == s.host.Peer
	}
	return false
}

// noted says a step that was made, and notes that a host to which a member was added is no longer without
// data: a member of it that does not answer is on its way.
func (a *alignment) noted(s step) {
	a.say("", s)
	if s.kind == add {
		at := slices.IndexFunc(a.hosts, func(h Host) bool { return h.Name == s.host.Name })
		a.hosts[at].Empty = false
	}
}

// remove makes the step s, or another removal where etcd refuses that one: after a
// loss of power etcd may take a member that is back for one to which it has no
// connection, and removes no other one before it.
func (a *alignment) remove(ctx context.Context, members []member, s step) (step, error) {
	err := a.client.Remove(ctx, s.member.id)
	for range members {
		if !errors.Is(err, etcd.ErrNotConnected) {
			break
		}
		members = append(slices.DeleteFunc(slices.Clone(members), func(m member) bool { return m.id == s.member.id }), s.member)
		if other := a.next(members); other.kind == remove && other.member.id != s.member.id {
			s = other
			err = a.client.Remove(ctx, s.member.id)
		}
	}
	return s, err
}

// foretell says which steps would be made if each had its success.
func (a *alignment) foretell(ctx context.Context) error {
	members, err := look(ctx, a.client, a.hosts)
	if err != nil {
		return err
	}
	for {
		s := a.next(members)
		switch s.kind {
		case done:
			return nil
		case refuse:
			return errors.New(s.reason)
		}
		a.say("would have ", s)
		members = follow(members, s)
	}
}

// follow returns the members as they are after a step that has its success.
func follow(members []member, s step) (after []member) {
	for _, m := range members {
		if m.id == s.member.id {
			switch s.kind {
			case remove:
				continue
			case promote:
				m.learner = false
			case await:
				m.answers, m.name = true, m.host
			case move:
				m.peer = s.host.Peer
			}
		}
		after = append(after, m)
	}
	if s.kind == add {
		id := uint64(1)
		for _, m := range after {
			id = max(id, m.id+1)
		}
		after = append(after, member{id: id, host: s.host.Name, peer: s.host.Peer, learner: true})
	}
	return after
}

func (a *alignment) say(before string, s step) {
	switch s.kind {
	case add:
		fmt.Fprintf(a.out, "%sadded %s, without a vote yet\n", before, s.host.Name)
	case promote:
		fmt.Fprintf(a.out, "%sgiven %s its vote\n", before, s.member.said())
	case move:
		fmt.Fprintf(a.out, "%stold that %s is reached at %s\n", before, s.member.said(), s.host.Peer)
	case remove:
		fmt.Fprintf(a.out, "%sremoved %s: %s\n", before, s.member.said(), s.reason)
	}
}
