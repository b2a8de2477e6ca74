package overlay

// Fault is what keeps packets from their way and is not the network's own to
// put right: it is the host's, and others depend on it.
type Fault struct {
	What string
	Next string // what to do about it
}

// String is for people who read commands beside it.
func (f Fault) String() string { return "# " + f.What + "; next: " + f.Next }
