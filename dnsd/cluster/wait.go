package cluster

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/pause"
	"rundock/internal/registry/etcd"
)

// awaitWhole waits until all members answer, have a vote, and have the changes that the
// majority had when they first all answered. The error is what is not so after a while.
func awaitWhole(ctx context.Context, client *etcd.Cluster, patience time.Duration) error {
	var target uint64
	for deadline := time.Now().Add(patience); ; {
		missing := ""
		members, err := look(ctx, client, nil)
		if err == nil {
			missing, target = lacking(members, client.Voices(ctx), target)
			if missing == "" {
				return nil
			}
			err = fmt.Errorf("after %s %s", patience, missing)
		}
		if time.Now().After(deadline) || pause.For(ctx, lookAgain) != nil {
			return err
		}
	}
}

// lacking says what of a cluster is not whole: "" nothing. target is the change that each member has
// to have, 0 until it is known; it is returned as it is known now.
func lacking(members []member, voices []etcd.Voice, target uint64) (string, uint64) {
	for _, m := range members {
		if m.name == "" || m.learner || !m.answers {
			return m.said() + " " + m.state(), target
		}
	}
	if target == 0 {
		for _, v := range voices {
			target = max(target, v.Committed)
		}
	}
	for _, m := range members {
		for _, v := range voices {
			if v.Member == m.id && v.Applied < target {
				return fmt.Sprintf("%s is %d changes behind", m.said(), target-v.Applied), target
			}
		}
	}
	return "", target
}

// state is how a member stands, for people.
func (m member) state() string {
	switch {
	case m.name == "":
		return "not started yet"
	case !m.answers:
		return "does not answer"
	case m.learner:
		return "answers, without a vote yet"
	}
	return "answers"
}
