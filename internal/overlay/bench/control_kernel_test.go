package bench

import (
	"testing"

	"rundock/internal/overlay"
)

// TestControl_programs_peers measures what it takes to program all peers of a
// network whose devices are there.
func TestControl_programs_peers(t *testing.T) {
	for _, count := range sizes() {
		all, alone := want(t, peers(count)), want(t, nil)
		var took []float64
		for range turns() {
			ns := newNamespace(t)
			ns.do(func() {
				k, err := overlay.Open()
				if err != nil {
					t.Error(err)
					return
				}
				defer k.Close()
				if err := k.Apply(overlay.Plan(overlay.Nothing(many), alone)); err != nil {
					t.Error(err)
				}
				took = append(took, milliseconds(func() {
					if err := k.Apply(overlay.Plan(alone, all)); err != nil {
						t.Error(err)
					}
				}))
			})
		}
		report(t, "%d peers programmed: %.1f ms", count, median(took))
	}
}
