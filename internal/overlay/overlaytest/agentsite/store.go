package agentsite

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
)

// Reserve has a subnet be the site's host's own beforehand.
func (s *Site) Reserve(subnet netip.Prefix) {
	s.T.Helper()
	s.Put(map[string]string{s.Key("subnets", subnet): s.value(roster.Member{ID: Machine, Host: "node-1", Subnet: subnet, Underlay: s.At, MAC: overlay.VxlanMAC(Machine, s.Network.VNI)})})
}

// Fill has peers in the store, alive.
func (s *Site) Fill(peers []overlay.Peer) {
	s.T.Helper()
	all := map[string]string{}
	for _, p := range peers {
		key, value := s.Entry(p)
		all[key], all[s.Key("alive", ID(p))] = value, "{}"
	}
	s.Put(all)
}

// Move has a peer be elsewhere, with another device.
func (s *Site) Move(p *overlay.Peer, to int) {
	s.T.Helper()
	p.Underlay, p.MAC = Underlay(to), overlay.VxlanMAC(fmt.Sprint("moved-", to), Many.VNI)
	key, value := s.Entry(*p)
	s.Put(map[string]string{key: value})
}

// ID is a peer's machine id.
func ID(p overlay.Peer) string { return "machine-" + p.Subnet.Addr().String() }

// Key is the key of a kind, such as "subnets", of the network.
func (s *Site) Key(kind string, of any) string {
	return roster.Prefix(s.Network.Name) + kind + "/" + strings.ReplaceAll(fmt.Sprint(of), "/", "-")
}

// Entry is what the store has of a peer.
func (s *Site) Entry(p overlay.Peer) (key, value string) {
	return s.Key("subnets", p.Subnet), s.value(roster.Member{ID: ID(p), Host: "host-" + p.Subnet.Addr().String(), Subnet: p.Subnet, Underlay: p.Underlay, MAC: p.MAC})
}

func (s *Site) value(m roster.Member) string {
	data, err := json.Marshal(m)
	if err != nil {
		s.T.Fatal(err)
	}
	return string(data)
}

// Get is the value of a key, "" where there is none.
func (s *Site) Get(key string) string {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), await.Deadline)
	defer cancel()
	got, err := s.Admin.Get(ctx, key)
	if err != nil {
		s.T.Fatal(err)
	}
	if len(got.Kvs) == 0 {
		return ""
	}
	return string(got.Kvs[0].Value)
}

// Put puts keys, many at a time; a value that is empty deletes its key.
func (s *Site) Put(all map[string]string) {
	s.T.Helper()
	var ops []clientv3.Op
	flush := func() {
		await.Nil(s.T, "etcd takes what is put", func() error {
			ctx, cancel := context.WithTimeout(s.T.Context(), 10*time.Second)
			defer cancel()
			_, err := s.Admin.Txn(ctx).Then(ops...).Commit()
			return err
		})
		ops = nil
	}
	for key, value := range all {
		op := clientv3.OpPut(key, value)
		if value == "" {
			op = clientv3.OpDelete(key)
		}
		if ops = append(ops, op); len(ops) == 100 {
			flush()
		}
	}
	flush()
}
