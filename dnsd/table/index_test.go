package table

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// An index is held against a map while names come and go, often the same
// ones, and readers look beside the writer for those that stay.
func TestIndexFollowsAMap(t *testing.T) {
	const staying = 100
	var x index
	x.init()
	names := make([]*Node, 3000)
	for i := range names {
		names[i] = &Node{name: fmt.Sprintf("\x06n-%04d\x00", i)}
	}
	for _, n := range names[:staying] {
		x.put(n)
	}

	var stop atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for i := 0; !stop.Load(); i++ {
				if n := names[i%staying]; x.get([]byte(n.name)) != n {
					t.Errorf("get(%q) beside a writer is not its node", n.name)
					return
				}
				n := names[i%len(names)]
				if got := x.get([]byte(n.name)); got != nil && got != n {
					t.Errorf("get(%q) is the node of %q", n.name, got.name)
					return
				}
			}
		})
	}

	r := rand.New(rand.NewPCG(1, 2))
	there := map[int]bool{}
	for round := range 20 {
		// A few names for long, then many, then few: it grows and is renewed.
		among := staying + 1 + r.IntN(len(names)-staying-1)
		for range 5000 {
			i := staying + r.IntN(among-staying)
			if there[i] {
				x.remove(names[i])
			} else {
				x.put(names[i])
			}
			there[i] = !there[i]
		}
		for i, n := range names {
			var want *Node
			if i < staying || there[i] {
				want = n
			}
			if got := x.get([]byte(n.name)); got != want {
				t.Fatalf("round %d: get(%q) = %v, want %v", round, n.name, got, want)
			}
		}
	}
	stop.Store(true)
	readers.Wait()
	if slots := *x.slots.Load(); 2*x.taken > len(slots) || len(slots) > 4*max(fewestSlots, 4*len(names)) {
		t.Errorf("%d of %d slots are taken by %d names", x.taken, len(slots), x.names)
	}
}
