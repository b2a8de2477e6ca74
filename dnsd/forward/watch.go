package forward

// A Watcher counts, and says, what upstreams do.
type Watcher interface {
	// Asked is an attempt at an upstream, and whether it gave a usable reply.
	Asked(upstream string, usable bool)
	// Turned is an upstream that is taken for down, and why, or (nil) is up again.
	Turned(upstream string, down error)
	// Found is where the reply to a question comes from.
	Found(source string)
	// Merged is a question that is asked already.
	Merged()
}

// nobody watches.
type nobody struct{}

func (nobody) Asked(string, bool)   {}
func (nobody) Turned(string, error) {}
func (nobody) Found(string)         {}
func (nobody) Merged()              {}
