package etcd

import (
	"context"
	"errors"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/leasing"
	"rundock/internal/registry/registrytest"
)

// Leases are renewed over one stream for as long as that lasts, and over another
// after that.
func TestRenewalsShareAStream(t *testing.T) {
	eachEtcd(t, func(t *testing.T, e *etcdtest.Server) {
		const ttl = 12 * registry.MinLease
		client := patient(t, e)
		var leases []string
		for range 2 {
			leases = append(leases, granted(t, client, ttl))
		}
		renew := func(lease string) error {
			_, err := client.Renew(t.Context(), lease, ttl)
			return err
		}
		await.Nil(t, "the first is renewed", func() error { return renew(leases[0]) })
		streams := asked(t, e, "started", "LeaseKeepAlive", "Lease", "bidi_stream")
		for range 5 {
			for _, lease := range leases {
				if err := renew(lease); err != nil {
					t.Errorf("renewal of %s: %v", lease, err)
				}
			}
		}
		if err := client.Revoke(t.Context(), leases[1]); err != nil {
			t.Fatal(err)
		}
		if err := renew(leases[1]); !errors.Is(err, leasing.ErrGone) {
			t.Errorf("renewal of a lease that was revoked: %v, want %v", err, leasing.ErrGone)
		}
		if n := asked(t, e, "started", "LeaseKeepAlive", "Lease", "bidi_stream"); n != streams {
			t.Errorf("%d streams were begun meanwhile, want none", n-streams)
		}
		e.Kill()
		await.True(t, "it fails while etcd is away", func() bool { return renew(leases[0]) != nil })
		e.Restart()
		await.Nil(t, "it is renewed again", func() error { return renew(leases[0]) })

		e.Freeze()
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { _, err := client.Renew(ctx, leases[0], ttl); failed <- err }()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("renewal by somebody who waits no more: %v, want %v", err, context.Canceled)
		}
		e.Thaw()
		await.Nil(t, "it is renewed by the next stream", func() error { return renew(leases[0]) })
	})
}

// Who renews a lease knows by that that etcd is there, and asks for no other sign of
// life; who only watches does.
func TestRenewalsAreSignsOfLife(t *testing.T) {
	eachEtcd(t, func(t *testing.T, e *etcdtest.Server) {
		a := registrytest.Announce(t, patient(t, e), registry.MinLease, registrytest.Item("m1/web", "a"))
		await.True(t, "it is held", a.Held)
		messages := func(method, service string) int { return asked(t, e, "msg_received", method, service, "bidi_stream") }
		// Renewals that a busy machine has late do not count as one: then it is looked at again.
		asks := func() int {
			watches, renewed := messages("Watch", "Watch"), messages("LeaseKeepAlive", "Lease")
			await.True(t, "the lease is renewed for longer than a silent stream is left alone", func() bool {
				return messages("LeaseKeepAlive", "Lease") >= renewed+6
			})
			return messages("Watch", "Watch") - watches
		}
		n := asks()
		for tries := 1; n > 0 && tries < 5; tries++ {
			n = asks()
		}
		if n > 0 {
			t.Errorf("etcd was asked %d times for a sign of life, want none", n)
		}
		registrytest.Want(t, "end", a.End(nil), nil)
		registrytest.Follow(t, patient(t, e), "/s/")
		watches := messages("Watch", "Watch")
		await.True(t, "it is asked for a sign of life", func() bool { return messages("Watch", "Watch") > watches+1 })
	})
}
