package place

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// The benchmark of placement runs small among the tests, and in earnest by make
// bench-stack. It asserts no times.

// largeCase is services of ten instances each, as many as slots take, of all kinds.
func largeCase(slots, count int) (stack.Stack, []Host) {
	hosts := make([]Host, count)
	for i := range hosts {
		hosts[i] = Host{Name: fmt.Sprintf("node-%03d", i), CPU: 64_000, Memory: 128 * gigabyte, Labels: map[string]string{"zone": string(rune('a' + i%3))}, Groups: []string{"back"}}
		if i < 3 {
			hosts[i].Groups = []string{managerGroup}
		}
	}
	s := stack.Stack{Version: stack.Version, Name: "large", Services: map[string]stack.Service{}}
	for i := range slots / 10 {
		name := fmt.Sprintf("s%03d", i)
		def := stack.Service{Container: spec.Container{Image: "app:1"}, Replicas: 10}
		def.Resources.Reserve = stack.Amount{CPU: 250 * (1 + i%4), Memory: gigabyte / 2 * int64(1+i%3)}
		switch i % 6 {
		case 0:
			def.Constraints = []stack.Rule{{Key: "labels.zone", Value: "a"}}
		case 1:
			def.Affinities = []stack.Rule{{Key: stack.KeyContainer, Not: true, Value: "large_" + name + "_*"}}
		case 2:
			def.Ports = []stack.Port{{First: 8000 + i}}
		case 3:
			def.Preferences = []string{"labels.zone"}
		}
		s.Services[name] = def
	}
	return s, hosts
}

func TestBenchPlan(t *testing.T) {
	slots, count, rounds := 300, 12, 2
	if os.Getenv("RUNDOCK_BENCH") == "1" {
		slots, count, rounds = 3_000, 60, 31
	}
	s, hosts := largeCase(slots, count)
	var first, second, busy []time.Duration
	for range rounds {
		began, used := time.Now(), processor()
		p := mustPlan(t, s, hosts, nil, Options{})
		first, busy = append(first, time.Since(began)), append(busy, processor()-used)
		if len(p.Slots) != slots || len(p.Refused) > 0 {
			t.Fatalf("%d of %d slots have a host; refused: %v", len(p.Slots), slots, p.Refused)
		}
		places := p.Places()
		began = time.Now()
		again := mustPlan(t, s, hosts, places, Options{})
		second = append(second, time.Since(began))
		if moves := again.Moves(); len(moves) > 0 {
			t.Fatalf("again: %d moves, such as %v", len(moves), moves[0])
		}
	}
	t.Logf("plan of %d slots on %d hosts: median %s, slowest %s, and %s of processor; again, without a move: median %s", slots, count, median(first), slices.Max(first), median(busy), median(second))
}

// processor is the processor time that this process has had: of two plans on a busy
// machine it tells more than the clock.
func processor() time.Duration {
	var used unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2].Round(10 * time.Microsecond)
}

func BenchmarkPlan(b *testing.B) {
	s, hosts := largeCase(3_000, 60)
	for b.Loop() {
		mustPlan(b, s, hosts, nil, Options{})
	}
}
