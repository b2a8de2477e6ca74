package bench

import (
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// TestControl_change measures how long after etcd has been told that one of
// many peers has another address the kernel knows: by the agent, and by a bare
// watch of that key with a bare probe behind it, in turns.
func TestControl_change(t *testing.T) {
	count, changes := 50, 5
	if *earnest {
		count, changes = 10_000, 40*turns()
	}
	onHost(t, func(s *agentsite.Site) {
		all := agentsite.Peers(count)
		s.Reserve(agentsite.Own)
		s.Fill(all)
		s.Start()
		await.Empty(t, "all are programmed", func() string { return s.Missing(agentsite.Own, all) })
		if *earnest {
			time.Sleep(3 * time.Second) // until the start no longer keeps the machine busy
		}
		s.Sh("ip link add vxbare type vxlan id 99 dstport 4790 local 192.0.2.5 nolearning && ip link set vxbare up")
		bare, err := openProbe("vxbare")
		if err != nil {
			t.Fatal(err)
		}
		defer bare.close()
		another := agentsite.Peers(count + 1)[count] // whose entries are not the agent's
		probed := make(chan time.Time)
		go func() {
			for response := range s.Admin.Watch(t.Context(), "/bare") {
				for range response.Events {
					if err := bare.send(bare.requests([]overlay.Peer{another})); err != nil {
						t.Error(err)
					}
					probed <- time.Now()
				}
			}
		}()
		w := agentsite.Watch(t, unix.RTNLGRP_NEIGH)
		var took, bareTook []float64
		for i := range changes {
			p := &all[(i*7919)%count]
			p.Underlay = agentsite.Underlay(20_000 + i)
			key, value := s.Entry(*p)
			began := time.Now()
			if _, err := s.Admin.Put(t.Context(), key, value); err != nil {
				t.Fatal(err)
			}
			took = append(took, milliseconds(w.Until(1, unix.RTM_NEWNEIGH, p.Underlay.AsSlice()).Sub(began)))
			time.Sleep(20 * time.Millisecond) // each change is measured alone
			began = time.Now()
			if _, err := s.Admin.Do(t.Context(), clientv3.OpPut("/bare", value)); err != nil {
				t.Fatal(err)
			}
			bareTook = append(bareTook, milliseconds((<-probed).Sub(began)))
			time.Sleep(20 * time.Millisecond) // each change is measured alone
		}
		await.Empty(t, "the kernel is right", func() string { return s.Missing(agentsite.Own, all) })
		report(t, "a change of one of %d peers, from etcd to the kernel: %.1f ms (median of %d), 99 %% within %.1f ms; %.2f of a bare watch and probe (%.1f ms)",
			count, median(took), len(took), quantile(took, 0.99), ratio(took, bareTook), median(bareTook))
		s.Stop(syscall.SIGTERM)
	})
}
