package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

const deadline = 60 * time.Second

var apps = overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}

func member(i int) Member {
	id := fmt.Sprintf("machine-%d", i)
	return Member{ID: id, Host: fmt.Sprintf("node-%d", i), Underlay: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), MAC: overlay.VxlanMAC(id, apps.VNI), Instance: "since-" + id}
}

// join returns the roster of host i, with a client of its own.
func join(t *testing.T, server *etcdtest.Server, n overlay.Network, i int) *Roster {
	t.Helper()
	client, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return &Roster{Client: client, Network: n, Self: member(i), Log: slog.New(slog.DiscardHandler), Lease: registry.MinLease}
}

// reserve tries until etcd, which may just have been started, answers.
func reserve(t *testing.T, r *Roster, prefer netip.Prefix) netip.Prefix {
	t.Helper()
	var subnet netip.Prefix
	retry(t, func(ctx context.Context) (err error) { subnet, err = r.Reserve(ctx, prefer); return err })
	return subnet
}

func retry(t *testing.T, call func(context.Context) error) {
	t.Helper()
	await.Nil(t, "the store answers", func() error { return call(t.Context()) })
}

// answer is what call gets from an etcd that answers: a busy machine may have
// it come too late.
func answer(t *testing.T, call func(context.Context) error) (err error) {
	t.Helper()
	await.True(t, "the store answers", func() bool {
		err = call(t.Context())
		return err == nil || !strings.Contains(err.Error(), "etcd: no answer within")
	})
	return err
}

// refusal is what Reserve answers where it gives no subnet.
func refusal(t *testing.T, r *Roster, prefer netip.Prefix) error {
	t.Helper()
	return answer(t, func(ctx context.Context) error { _, err := r.Reserve(ctx, prefer); return err })
}

// alive keeps r alive until the function returned is called.
func alive(t *testing.T, r *Roster) (end func(cause error)) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	held, done := make(chan bool, 100), make(chan bool)
	go func() {
		defer close(done)
		r.Alive(ctx, func(s registry.HoldState) { held <- s.Held })
	}()
	for !<-held {
	}
	var once sync.Once
	end = func(cause error) {
		once.Do(func() {
			cancel(cause)
			<-done
		})
	}
	t.Cleanup(func() { end(nil) })
	return end
}

// watcher folds what Follow told.
type watcher struct {
	mu     sync.Mutex
	subnet netip.Prefix
	peers  map[netip.Prefix]Member
	calls  int
}

// seen is what Follow told in all.
type seen struct {
	Subnet netip.Prefix
	Peers  []Member
}

func follow(t *testing.T, r *Roster) *watcher {
	t.Helper()
	w := &watcher{peers: map[netip.Prefix]Member{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		defer close(done)
		r.Follow(ctx, func(v View) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if v.Complete != (w.calls == 0) {
				t.Errorf("call %d says that it is complete: %v", w.calls, v.Complete)
			}
			for subnet, m := range v.Peers {
				switch had, ok := w.peers[subnet]; {
				case m == nil && !ok, m != nil && ok && had == *m:
					t.Errorf("call %d tells nothing new of %s: %v", w.calls, subnet, m)
				case m == nil:
					delete(w.peers, subnet)
				default:
					w.peers[subnet] = *m
				}
			}
			w.subnet = v.Subnet
			w.calls++
		}, func(error) {})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

func (w *watcher) get() (seen, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return seen{w.subnet, slices.Collect(maps.Values(w.peers))}, w.calls
}

// sees reports whether the peers are these hosts.
func (w *watcher) sees(hosts ...string) func() bool {
	return func() bool {
		v, calls := w.get()
		names := map[string]bool{}
		for _, p := range v.Peers {
			names[p.Host] = true
		}
		for _, h := range hosts {
			if !names[h] {
				return false
			}
		}
		return calls > 0 && len(names) == len(hosts)
	}
}

func put(t *testing.T, server *etcdtest.Server, key, value string) {
	t.Helper()
	admin := server.Admin()
	retry(t, func(ctx context.Context) error { _, err := admin.Put(ctx, key, value); return err })
}

func TestReserve(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two := join(t, server, apps, 1), join(t, server, apps, 2)
	wish := apps.Subnet(33)
	first := reserve(t, one, wish)
	if first != wish {
		t.Errorf("the subnet is %s, want the one preferred, %s", first, wish)
	}
	t.Run("a subnet stays with its host", func(t *testing.T) {
		if again := reserve(t, one, apps.Subnet(44)); again != first {
			t.Errorf("the subnet is %s, was %s", again, first)
		}
	})
	t.Run("another host gets another", func(t *testing.T) {
		if got := reserve(t, two, wish); got == first {
			t.Errorf("both have %s", got)
		}
	})
	t.Run("a host that has moved says so", func(t *testing.T) {
		one.Self.Underlay = netip.MustParseAddr("192.0.2.101")
		reserve(t, one, netip.Prefix{})
		v := follow(t, two)
		alive(t, one)
		await.True(t, "node-2 sees node-1", v.sees("node-1"))
		if got, _ := v.get(); got.Peers[0].Underlay != one.Self.Underlay || got.Peers[0].Subnet != first {
			t.Errorf("node-2 sees %+v", got.Peers[0])
		}
	})
	t.Run("a subnet given back is free", func(t *testing.T) {
		retry(t, one.Release)
		retry(t, one.Release)
		if got := reserve(t, join(t, server, apps, 3), first); got != first {
			t.Errorf("the subnet is %s, want %s", got, first)
		}
	})
}

// A machine id is made anew where an image that had one was cloned.
func TestReserve_with_a_new_machine_id(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one := join(t, server, apps, 1)
	subnet := reserve(t, one, netip.Prefix{})
	end := alive(t, one)
	renewed := join(t, server, apps, 1)
	renewed.Self.ID = "machine-1-renewed"
	const want = "network apps: node-1 has the underlay address 192.0.2.1 as well, and is alive: give each host one of its own; if it is this host with a former machine id, it is let in 5s after that was last seen"
	if err := refusal(t, renewed, subnet); err == nil || err.Error() != want {
		t.Errorf("Reserve while the former self is alive = %v, want %s", err, want)
	}
	end(nil)
	clone := join(t, server, apps, 2) // which has all files of node-1, and another address
	if got := reserve(t, clone, subnet); got == subnet {
		t.Errorf("a clone has got %s, which is node-1's", got)
	}
	if got := reserve(t, renewed, subnet); got != subnet {
		t.Errorf("the subnet is %s, was %s", got, subnet)
	}
	hosts, err := renewed.Hosts(t.Context())
	if err != nil || len(hosts) != 2 {
		t.Errorf("hosts are %+v, %v, want the two that there are", hosts, err)
	}
}

// A host that was made of an image of another's is kept out while that is
// alive, whoever of them came first.
func TestReserve_with_the_machine_id_of_a_living_host(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, clone := join(t, server, apps, 1), join(t, server, apps, 2)
	clone.Self.ID, clone.Self.MAC = one.Self.ID, one.Self.MAC
	subnet := reserve(t, one, netip.Prefix{})
	refused := func(r *Roster, want string) {
		t.Helper()
		var n *Namesake
		if err := refusal(t, r, subnet); !errors.As(err, &n) || !strings.Contains(err.Error(), want) {
			t.Errorf("Reserve = %v, want %q", err, want)
		}
	}
	refused(clone, "network apps: node-1 at 192.0.2.1, which has "+subnet.String()+" and has just joined, has the machine id machine-1 as this host has")
	end := alive(t, one)
	refused(clone, "node-1 at 192.0.2.1, which has "+subnet.String()+" and is alive, has the machine id machine-1")
	if no, err := clone.CanJoin(t.Context()); no == nil || err != nil {
		t.Errorf("CanJoin = %v, %v, want that it is refused", no, err)
	}
	retry(t, clone.Release) // as one does that leaves
	hosts, err := one.Hosts(t.Context())
	if err != nil || len(hosts) != 1 || hosts[0].Host != "node-1" || !hosts[0].Alive {
		t.Fatalf("hosts are %+v, %v, want node-1 alone", hosts, err)
	}

	// The one that is known is the other's as soon as it has the entry.
	theirs := follow(t, one)
	await.True(t, "its subnet is its own", func() bool { v, _ := theirs.get(); return v.Subnet == subnet })
	end(nil)
	await.True(t, "the clone is let in after a lease's time", func() bool { got, err := clone.Reserve(t.Context(), subnet); return err == nil && got == subnet })
	alive(t, clone)
	await.True(t, "the first is cut off", func() bool {
		v, _ := theirs.get()
		return !v.Subnet.IsValid() && len(v.Peers) == 1 && v.Peers[0].Subnet == subnet && v.Peers[0].Underlay == clone.Self.Underlay
	})
	refused(one, "node-2 at 192.0.2.2, which has "+subnet.String()+" and is alive")
}

// A clone with a machine id of its own is kept out as well while it has the name
// of a host that is alive; hosts of the same time and name are one in the end.
func TestReserve_with_the_name_of_a_living_host(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, clone := join(t, server, apps, 1), join(t, server, apps, 2)
	clone.Self.Host = one.Self.Host
	subnet := reserve(t, one, netip.Prefix{})
	refused := func(want string) {
		t.Helper()
		var s *SameName
		if err := refusal(t, clone, netip.Prefix{}); !errors.As(err, &s) || !strings.Contains(err.Error(), want) {
			t.Errorf("Reserve = %v, want %q", err, want)
		}
	}
	refused("network apps: a host at 192.0.2.1, which has " + subnet.String() + " and has just joined, is called node-1 as this host is")
	end := alive(t, one)
	refused("which has " + subnet.String() + " and is alive, is called node-1")
	if no, err := clone.CanJoin(t.Context()); no == nil || err != nil {
		t.Errorf("CanJoin = %v, %v, want that it is refused", no, err)
	}
	if hosts, err := one.Hosts(t.Context()); err != nil || len(hosts) != 1 {
		t.Errorf("hosts are %+v, %v, want node-1 alone", hosts, err)
	}
	end(nil)
	theirs := reserve(t, clone, netip.Prefix{})
	alive(t, clone)
	if got := reserve(t, one, subnet); got != subnet {
		t.Errorf("a host that is in the network gets %s, and had %s", got, subnet)
	}
	if got := reserve(t, clone, theirs); got != theirs {
		t.Errorf("the other has %s, and had %s", got, theirs)
	}
}

func TestReserve_of_two_of_one_name_at_once_gives_one_a_subnet(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, other := join(t, server, apps, 1), join(t, server, apps, 2)
	other.Self.Host = one.Self.Host
	// Both saw nobody when they chose.
	at := time.Now().UTC().Truncate(time.Second)
	for i, r := range []*Roster{one, other} {
		self := r.Self
		self.Subnet, self.Seen = apps.Subnet(i), at
		value, _ := json.Marshal(self)
		put(t, server, r.subnetKey(self.Subnet), string(value))
	}
	var named *SameName
	if err := answer(t, func(ctx context.Context) error { return other.yieldToFirst(ctx, apps.Subnet(1)) }); !errors.As(err, &named) {
		t.Errorf("the second is told %v", err)
	}
	if err := answer(t, func(ctx context.Context) error { return one.yieldToFirst(ctx, apps.Subnet(0)) }); err != nil {
		t.Errorf("the first is told %v", err)
	}
	if hosts, err := one.Hosts(t.Context()); err != nil || len(hosts) != 1 || hosts[0].ID != one.Self.ID {
		t.Errorf("hosts are %+v, %v, want the first", hosts, err)
	}
}

// A host that has another address is itself still: while it runs by what it
// has been since its boot, after it by its machine id, once its former self is
// not alive any more.
func TestReserve_with_another_address(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one := join(t, server, apps, 1)
	subnet := reserve(t, one, netip.Prefix{})
	end := alive(t, one)
	one.Self.Underlay = netip.MustParseAddr("192.0.2.101")
	if got := reserve(t, one, netip.Prefix{}); got != subnet {
		t.Errorf("the subnet is %s, was %s", got, subnet)
	}
	end(nil)
	one.Self.Underlay, one.Self.Instance = netip.MustParseAddr("192.0.2.102"), "since another boot"
	await.True(t, "it is let in after another boot", func() bool { got, err := one.Reserve(t.Context(), netip.Prefix{}); return err == nil && got == subnet })
}

func TestReserve_of_many_at_once_gives_each_its_own(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	const hosts = 200
	var rosters []*Roster
	shared := join(t, server, apps, 0)
	retry(t, shared.Agree)
	for i := range hosts {
		r := *shared
		r.Self = member(i)
		r.Self.ID = fmt.Sprintf("machine-%d", i)
		rosters = append(rosters, &r)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	owner := map[netip.Prefix]string{}
	for _, r := range rosters {
		wg.Go(func() {
			for {
				subnet, err := r.Reserve(t.Context(), netip.Prefix{})
				if err != nil {
					continue // a busy machine: the call was too slow
				}
				mu.Lock()
				defer mu.Unlock()
				if other, taken := owner[subnet]; taken {
					t.Errorf("%s and %s have %s", other, r.Self.ID, subnet)
				}
				owner[subnet] = r.Self.ID
				return
			}
		})
	}
	wg.Wait()
	if len(owner) != hosts {
		t.Errorf("%d hosts have %d subnets", hosts, len(owner))
	}
}

func TestReserve_takes_a_dead_host_s_subnet_at_last(t *testing.T) {
	small := apps
	small.CIDR, small.SubnetLength = netip.MustParsePrefix("10.42.0.0/16"), 17
	server := etcdtest.Start(t, "embedded", nil)
	one, two, three := join(t, server, small, 1), join(t, server, small, 2), join(t, server, small, 3)
	first, second := reserve(t, one, netip.Prefix{}), reserve(t, two, netip.Prefix{})
	if first == second {
		t.Fatalf("both have %s", first)
	}
	alive(t, two)

	err := refusal(t, three, netip.Prefix{})
	if want := "network apps: all 2 subnets of 10.42.0.0/16 are taken, and none by a host that is dead for 24h0m0s"; err == nil || err.Error() != want {
		t.Errorf("Reserve = %v, want %s", err, want)
	}
	old := one.Self
	old.Subnet, old.Seen = first, time.Now().Add(-25*time.Hour)
	stale, _ := json.Marshal(old)
	put(t, server, one.subnetKey(first), string(stale))
	frozen := follow(t, one)
	await.True(t, "the frozen host sees its subnet", func() bool { v, _ := frozen.get(); return v.Subnet == first })
	if got := reserve(t, three, netip.Prefix{}); got != first {
		t.Errorf("the subnet is %s, want the dead host's, %s", got, first)
	}

	// The host was only frozen: it learns that it lost, and overwrites nothing.
	await.True(t, "the frozen host knows that its subnet is another's", func() bool { v, _ := frozen.get(); return !v.Subnet.IsValid() })
	if err := refusal(t, one, first); err == nil || !strings.Contains(err.Error(), "all 2 subnets") {
		t.Errorf("Reserve = %v, want that there is none", err)
	}
	retry(t, one.Release)
	if again := reserve(t, three, netip.Prefix{}); again != first {
		t.Errorf("the new owner has %s, want %s", again, first)
	}
}

func TestFollow(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two, three := join(t, server, apps, 1), join(t, server, apps, 2), join(t, server, apps, 3)
	reserve(t, one, netip.Prefix{})
	reserve(t, two, netip.Prefix{})
	w := follow(t, one)
	await.True(t, "a host that is not alive is not seen", w.sees())
	endTwo := alive(t, two)
	await.True(t, "it is once it is", w.sees("node-2"))

	reserve(t, three, netip.Prefix{})
	endThree := alive(t, three)
	await.True(t, "both are seen", w.sees("node-2", "node-3"))
	endThree(nil)
	await.True(t, "one that leaves is gone", w.sees("node-2"))
	endThree = alive(t, three)
	await.True(t, "both are seen again", w.sees("node-2", "node-3"))

	t.Run("nonsense in the store hides nobody", func(t *testing.T) {
		put(t, server, Prefix("apps")+"subnets/nonsense", "{}")
		put(t, server, Prefix("apps")+"subnets/10.42.250.0-24", "nonsense")
		put(t, server, Prefix("apps")+"subnets/10.99.0.0-24", `{"id":"x","subnet":"10.99.0.0/24","underlay":"192.0.2.9"}`)
		put(t, server, Prefix("apps")+"alive/x", "")
		_, before := w.get()
		put(t, server, Prefix("apps")+"alive/y", "")
		await.True(t, "the last is seen", func() bool { _, now := w.get(); return now > before })
		if !w.sees("node-2", "node-3")() {
			v, _ := w.get()
			t.Errorf("peers are %+v", v.Peers)
		}
	})
	t.Run("a store that is away changes nothing, and one that lost its data little", func(t *testing.T) {
		endTwo(registry.ErrHandOver) // node-2 will not come back
		server.Kill()
		server.Wipe()
		_, before := w.get()
		server.Restart()
		await.True(t, "the store is back", func() bool { _, now := w.get(); return now > before })
		if !w.sees("node-2", "node-3")() {
			v, _ := w.get()
			t.Errorf("peers are %+v", v.Peers)
		}
		reserve(t, three, netip.Prefix{})
		await.True(t, "who does not come back is gone in the end", w.sees("node-3"))
	})
}

// A host that has another address since, which the changes that were kept do
// not tell any more.
func TestFollow_over_a_compaction_sees_what_has_changed(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	one, two := join(t, server, apps, 1), join(t, server, apps, 2)
	reserve(t, one, netip.Prefix{})
	subnet := reserve(t, two, netip.Prefix{})
	w := follow(t, one)
	alive(t, two)
	await.True(t, "node-2 is seen", w.sees("node-2"))

	server.Kill()
	server.Restart()
	moved := two.Self
	moved.Subnet, moved.Underlay, moved.MAC = subnet, netip.MustParseAddr("192.0.2.102"), overlay.MAC{2, 0, 0, 0, 1, 2}
	value, err := json.Marshal(moved)
	if err != nil {
		t.Fatal(err)
	}
	admin := server.Admin()
	retry(t, func(ctx context.Context) error {
		resp, err := admin.Put(ctx, two.subnetKey(subnet), string(value))
		if err == nil {
			_, err = admin.Compact(ctx, resp.Header.Revision)
		}
		return err
	})
	await.True(t, "node-2 is seen where it is", func() bool {
		v, _ := w.get()
		return len(v.Peers) == 1 && v.Peers[0].Underlay == moved.Underlay && v.Peers[0].MAC == moved.MAC && v.Peers[0].Subnet == subnet
	})
}
