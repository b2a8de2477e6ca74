package main

import "rundock/internal/module"

// deed is what a call does, in the word that the result has for it, and what
// shows afterwards that it was done. The result of a call has the words of the
// deeds that are seen; that of check mode those of all.
type deed struct {
	word string
	seen func(after situation) bool // nil: the call has seen it before it noted the deed
}

// deeds are what p does to the processes and the container, from now on.
// Without waiting the container is not seen: then it is only said what its
// runner was asked for.
func (p plan) deeds(now situation, w wanted, waits bool) []deed {
	var list []deed
	if p.Exchange {
		list = append(list, deed{"supervision exchanged", func(after situation) bool {
			return after.Outer.Supervised && after.Shape == w.shape
		}})
	}
	switch {
	case p.Enable && now.Enabled:
		list = append(list, deed{"supervised", func(after situation) bool { return after.Outer.Supervised }})
	case p.Enable:
		list = append(list, deed{"enabled", func(after situation) bool { return after.Enabled }})
	}
	for _, c := range p.Commands {
		if !p.NewSpec || c.Does != runnerHandsOver {
			list = append(list, commandDeed(c, now))
		}
	}
	if p.Clear && now.Shape.runner != "" {
		list = append(list, deed{"container removed", func(after situation) bool { return !after.mayHaveContainer() }})
	}
	return append(list, p.containerDeeds(now, w, waits)...)
}

// containerDeeds are what p does to the container.
func (p plan) containerDeeds(now situation, w wanted, waits bool) []deed {
	another := func(after situation) bool {
		return after.statusIsCurrent() && after.Says.Container != "" && after.Says.Container != now.Says.Container && after.Says.Spec == w.hash
	}
	knows := func(after situation) bool { return after.statusIsCurrent() && after.Says.Wanted == w.hash }
	one := func(word, asked string) []deed {
		if waits {
			return []deed{{word, another}}
		}
		return []deed{{asked, knows}}
	}
	switch {
	case p.NewSpec, p.Reread:
		return one("container replaced", "container replacement asked for")
	case p.Replace:
		return one("container restarted", "container restart asked for")
	case p.Retry:
		return one("container started", "container start asked for")
	}
	return nil
}

// commandDeed is what c does, seen in the process that it is for.
func commandDeed(c module.Command, now situation) deed {
	before := now.process(c.Dir)
	return deed{c.Does, func(after situation) bool {
		switch p := after.process(c.Dir); c.Letter {
		case "u":
			return p.Supervised && !p.Status.WantDown
		case "c":
			return p.Supervised && !p.Status.Paused
		default: // another process is in its place
			return p.Supervised && p.Status.PID != 0 && p.Status.PID != before.Status.PID
		}
	}}
}

// process is the one in the folder dir of the service directory.
func (s situation) process(dir string) module.Process {
	switch logger, ok := s.Loggers[dir]; {
	case dir == ".":
		return s.Outer
	case ok:
		return logger
	case dir == s.Shape.sidecar:
		return s.Announcer
	}
	return s.Runner
}
