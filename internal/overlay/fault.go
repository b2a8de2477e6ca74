package overlay

// Fault is a setting or a route of the host that stops the network's packets. The
// network does not change it, as it is the host's, and others depend on it.
type Fault struct {
	What string
	Next string // what to do about it
}

// String is a comment, as it is printed among commands.
func (f Fault) String() string { return "# " + f.What + "; next: " + f.Next }
