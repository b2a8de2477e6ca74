package registrytest

import "testing"

// Run runs the suite over a store; start gives a server that ends with its
// test.
func Run(t *testing.T, start func(t *testing.T) Server) {
	t.Run("Watch", func(t *testing.T) { testWatch(t, start) })
	t.Run("Hold", func(t *testing.T) { testHold(t, start) })
	t.Run("NewLease", func(t *testing.T) { testNewLease(t, start) })
	t.Run("Swap", func(t *testing.T) { testSwap(t, start) })
	t.Run("Read", func(t *testing.T) { testRead(t, start) })
	t.Run("Drop", func(t *testing.T) { testDrop(t, start) })
}
