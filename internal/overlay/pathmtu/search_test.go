package pathmtu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rundock/internal/overlay"
)

// way is what a search finds: how large packets may be, and how many are lost
// whatever their size.
type way struct {
	mtu    int     // 0: the peer is away
	loss   float64 // of what goes one way
	delay  int     // rounds until an answer is there
	silent bool    // controls are not answered
}

// search runs s on a way and returns what it found, and how much it sent.
func (w way) search(s *search, r *rand.Rand) (mtu, rounds, packets int) {
	type answer struct{ size, round int }
	var coming [][]answer
	for {
		if mtu, over := s.over(); over {
			return mtu, s.rounds, packets
		}
		sizes, _ := s.round()
		var now []answer
		for _, size := range append(sizes, 0) {
			packets++
			arrives := size <= w.mtu && w.mtu > 0 && !(size == 0 && w.silent)
			if arrives && r.Float64() > w.loss && r.Float64() > w.loss {
				now = append(now, answer{size, s.rounds})
			}
		}
		coming = append(coming, now)
		if len(coming) <= w.delay {
			continue
		}
		for _, a := range coming[0] {
			if a.size == 0 {
				s.controlAnswered(a.round)
			} else {
				s.answer(a.size)
			}
		}
		coming = coming[1:]
	}
}

func TestPathSearch(t *testing.T) {
	tests := []struct {
		name              string
		full, known, hint int
		way               way
		want              int
		rounds            int // at most; 0: any number
	}{
		{"a path that is as wide as ever costs one packet and its control", 1450, 1450, 0, way{mtu: 1450}, 1450, 1},
		{"a path that is wider than this host's interface", 1450, 1450, 0, way{mtu: 8950}, 1450, 1},
		{"a narrow path", 1450, 1450, 0, way{mtu: 1250}, 1250, 60},
		{"a path as narrow as another one", 1450, 1450, 1250, way{mtu: 1250}, 1250, 25},
		{"a path less narrow than another one", 1450, 1450, 1250, way{mtu: 1251}, 1251, 60},
		{"a path that is narrow by one byte", 1450, 1450, 0, way{mtu: 1449}, 1449, 60},
		{"the narrowest", 1450, 1450, 0, way{mtu: overlay.MinMTU}, overlay.MinMTU, 60},
		{"a path that is too narrow", 1450, 1450, 0, way{mtu: overlay.MinMTU - 1}, 0, 60},
		{"jumbo frames that one switch does not know", 8950, 8950, 0, way{mtu: 1450}, 1450, 80},
		{"a narrow path that is known costs three packets and the control", 1450, 1250, 0, way{mtu: 1250}, 1250, 1},
		{"a path that has grown to the full size", 1450, 1250, 0, way{mtu: 1450}, 1450, 1},
		{"a path that has grown a little", 1450, 1250, 0, way{mtu: 1300}, 1300, 80},
		{"a path that has grown by one byte", 1450, 1250, 0, way{mtu: 1251}, 1251, 80},
		{"a path that has become narrower still", 1450, 1250, 0, way{mtu: 1100}, 1100, 80},
		{"what was known is too much now", 1430, 1450, 0, way{mtu: 1430}, 1430, 1},
		{"a peer that is away", 1450, 1450, 0, way{}, 0, 3},
		{"a peer that is away, and whose path was narrow", 1450, 1250, 0, way{}, 0, 3},
		{"a peer whose answers take long", 1450, 1450, 0, way{mtu: 1450, delay: 2}, 1450, 3},
		{"a peer whose answers take long, behind a narrow path", 1450, 1450, 0, way{mtu: 1250, delay: 2}, 1250, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSearch(tt.full, tt.known, tt.hint)
			got, rounds, packets := tt.way.search(s, rand.New(rand.NewPCG(1, 2)))
			if got != tt.want || tt.rounds > 0 && rounds > tt.rounds {
				t.Errorf("found %d after %d rounds and %d packets, want %d after at most %d rounds", got, rounds, packets, tt.want, tt.rounds)
			}
		})
	}
}

// Whatever is lost, a search finds the path's MTU or nothing.
func TestPathSearch_takes_no_loss_for_a_narrow_path(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, loss := range []float64{0.01, 0.1, 0.3, 0.5, 0.7, 0.9} {
		for _, known := range []int{1450, 1250} {
			t.Run(fmt.Sprintf("%v lost, %d known", loss, known), func(t *testing.T) {
				found := 0
				for range 2000 {
					s := newSearch(1450, known, 1250)
					got, rounds, _ := way{mtu: 1450, loss: loss, delay: r.IntN(3)}.search(s, r)
					if got != 0 && got != 1450 && got != known {
						t.Fatalf("found %d after %d rounds on a path of 1450", got, rounds)
					}
					if got == 1450 {
						found++
					}
				}
				if loss < 0.5 && found < 1000 {
					t.Errorf("the MTU was found %d times of 2000", found)
				}
			})
		}
	}
}

func TestPathSearch_finds_what_is_there_through_losses(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 2000 {
		mtu := overlay.MinMTU + r.IntN(1450-overlay.MinMTU)
		got, rounds, _ := way{mtu: mtu, loss: 0.1}.search(newSearch(1450, 1450, 0), r)
		if got != 0 && got != mtu {
			t.Fatalf("found %d after %d rounds on a path of %d", got, rounds, mtu)
		}
		if got == mtu {
			found++
		}
	}
	if found < 1900 {
		t.Errorf("the MTU was found %d times of 2000", found)
	}
}

// A peer that lets nobody ping it: nothing is known, and nothing is changed.
func TestPathSearch_needs_controls(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	if got, _, _ := (way{mtu: 1250, silent: true}).search(newSearch(1450, 1450, 1200), r); got != 0 {
		t.Errorf("found %d without a control that was answered", got)
	}
}
