package etcd

import (
	"context"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// TestStore runs the suite of all stores over each etcd there is here.
func TestStore(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			registrytest.Run(t, func(t *testing.T) registrytest.Server {
				server := etcdtest.Start(t, kind, nil)
				return tampered{server, server.Admin()}
			})
		})
	}
}

// tampered is a registrytest.Server.
type tampered struct {
	*etcdtest.Server
	admin *clientv3.Client
}

func (s tampered) Open(t *testing.T) registry.Store    { return open(t, s.Server, Config{}) }
func (s tampered) Patient(t *testing.T) registry.Store { return patient(t, s.Server) }
func (s tampered) Address() string                     { return strings.TrimPrefix(s.URL, "http://") }
func (s tampered) Lease() time.Duration                { return testLease }
func (s tampered) Expiry() time.Duration               { return testLease }

func (s tampered) Put(t *testing.T, key, value string) {
	t.Helper()
	put(t, s.admin, key, value)
}

func (s tampered) Delete(t *testing.T, key string) {
	t.Helper()
	remove(t, s.admin, key)
}

func (s tampered) Get(t *testing.T, key string) (value string, exists bool) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		resp, err := s.admin.Get(ctx, key)
		if err == nil && len(resp.Kvs) > 0 {
			value, exists = string(resp.Kvs[0].Value), true
		}
		return err
	})
	return value, exists
}

func (s tampered) EndLease(t *testing.T, lease string) {
	t.Helper()
	id, err := leaseID(lease)
	if err != nil {
		t.Fatal(err)
	}
	must(t, func(ctx context.Context) error { _, err := s.admin.Revoke(ctx, id); return err })
}

func (s tampered) Leases(t *testing.T) (n int) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		resp, err := s.admin.Leases(ctx)
		if err == nil {
			n = len(resp.Leases)
		}
		return err
	})
	return n
}
