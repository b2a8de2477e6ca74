package cluster

import (
	"context"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"rundock/internal/registry/etcd"
)

// look returns the members of the cluster, and who of them answers.
func look(ctx context.Context, client *etcd.Cluster, wanted []Host) ([]member, error) {
	_, found, err := client.Members(ctx)
	if err != nil {
		return nil, err
	}
	members := make([]member, len(found))
	var asking sync.WaitGroup
	for i, m := range found {
		members[i] = member{id: m.ID, name: m.Name, host: placeOf(m, wanted), learner: m.Learner}
		if len(m.Peers) > 0 {
			members[i].peer = m.Peers[0]
		}
		asking.Go(func() { members[i].answers = answers(ctx, client, m) })
	}
	asking.Wait()
	return members, nil
}

// answers says whether a member answers at one of its URLs. It tells its own id,
// as a URL may lead to another one: to this host's, where it is of loopback.
func answers(ctx context.Context, client *etcd.Cluster, m etcd.Member) bool {
	for _, url := range m.Clients {
		if id, led, err := client.Answering(ctx, url); err == nil && id == m.ID && led {
			return true
		}
	}
	return false
}

// listens says whether somebody listens at the URL of a member for others. One that is told of another way to a member
// before there is that way is cut off from it.
func listens(ctx context.Context, peer string) error {
	u, err := url.Parse(peer)
	if err != nil {
		return err
	}
	c, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	return c.Close()
}

// placeOf returns the name of the wanted host that a member is on: the one of its
// URL for peers, or of its name, or of an address that it tells clients, as a store that was
// alone until now has neither.
func placeOf(m etcd.Member, wanted []Host) string {
	for _, same := range []func(Host) bool{
		func(h Host) bool { return slices.Contains(m.Peers, h.Peer) },
		func(h Host) bool { return m.Name == h.Name },
		func(h Host) bool {
			return slices.ContainsFunc(m.Clients, func(url string) bool { return hostname(url) == hostname(h.Peer) })
		},
	} {
		if at := slices.IndexFunc(wanted, same); at >= 0 {
			return wanted[at].Name
		}
	}
	return ""
}

func hostname(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	return u.Hostname()
}
