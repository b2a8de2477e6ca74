package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/registrytest"
)

// figures are what a crowd costs an etcd beyond what it costs with nobody.
type figures struct {
	megabytes float64 // of memory
	percent   float64 // of a core, at rest
}

// measure has a crowd use an etcd, then kills the etcd and has it back.
func measure(t *testing.T, etcd server, come func(to hostconfig.Etcd) *crowd) (f figures) {
	t.Helper()
	answers(t, etcd.to)
	rest(t)
	empty, idle := memory(t, etcd.Process), busy(t, etcd.Process)
	began := time.Now()
	c := come(etcd.to)
	c.all(t, "all are held", len(c.announcers))
	came := time.Since(began)
	rest(t)
	all, load := memory(t, etcd.Process), busy(t, etcd.Process)
	f = figures{all - empty, load - idle}
	t.Logf("measured: %d services, all held after %.1f s: etcd has %.0f MB, %.0f MB over empty (aim: at most 100), %.2f KB a service; at rest it takes %.2f %% of a core, %.2f %% empty (aim: at most 3)",
		len(c.announcers), came.Seconds(), all, f.megabytes, f.megabytes*1000/float64(len(c.announcers)), load, idle)
	if len(c.agents) > 0 {
		sum := 0.0
		for _, a := range c.agents {
			sum += memory(t, a)
		}
		t.Logf("measured: rundockd store of a host with %d services: %.1f MB", *services, sum/float64(len(c.agents)))
	}

	etcd.Kill()
	c.all(t, "all notice that etcd is away", 0)
	began = time.Now()
	etcd.Restart()
	answers(t, etcd.to)
	up := time.Since(began)
	c.all(t, "all are held again", len(c.announcers))
	t.Logf("measured: after kill -9 of etcd all are held again %.1f s after its restart, at whose start it takes %.1f s (aim: at most 5)", time.Since(began).Seconds(), up.Seconds())
	// A lease that ran out meanwhile is noticed by its holder a little later.
	await.Empty(t, "all records are there", func() string {
		if n := records(t, etcd.to); n != len(c.announcers) {
			return fmt.Sprintf("etcd has %d of %d", n, len(c.announcers))
		}
		return ""
	})
	return f
}

// answers waits until etcd does.
func answers(t *testing.T, to hostconfig.Etcd) {
	t.Helper()
	records(t, to)
}

// records returns how many etcd has, once it answers.
func records(t *testing.T, to hostconfig.Etcd) (found int) {
	t.Helper()
	store, err := direct.Store(hostconfig.StoreEtcd, hostconfig.Config{Etcd: to}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	await.Nil(t, "etcd lists its records", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		all, _, err := store.List(ctx, "/skydns/")
		found = len(all)
		return err
	})
	return found
}

// memory is a process's proportional set size, in MB.
func memory(t *testing.T, p *registrytest.Process) float64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "\nPss:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(after + " ?")[0], 64)
	if err != nil {
		t.Fatalf("the PSS of %s: %v", p.Name, err)
	}
	return kilobytes / 1000
}

// busy is how much of a core a process takes, in percent.
func busy(t *testing.T, p *registrytest.Process) float64 {
	t.Helper()
	began, before := time.Now(), ticks(t, p)
	pause.For(t.Context(), time.Duration(*seconds)*time.Second)
	took := time.Since(began).Seconds()
	if *seconds == 0 {
		return 0
	}
	return float64(ticks(t, p)-before) / took // a tick is a hundredth of a second
}

// ticks is the processor time that a process has taken: see proc_pid_stat(5).
func ticks(t *testing.T, p *registrytest.Process) int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	words := strings.Fields(rest)
	user, err := strconv.Atoi(words[11])
	if err != nil {
		t.Fatal(err)
	}
	system, err := strconv.Atoi(words[12])
	if err != nil {
		t.Fatal(err)
	}
	return user + system
}
