package plan

import (
	"slices"

	"rundock/internal/module"
)

// Deed is what a call does, in the word that the result has for it, and what
// shows afterwards that it was done. The result of a call has the words of the
// deeds that are seen; that of check mode those of all.
type Deed struct {
	Word string
	Seen func(after Situation) bool // nil: the call has seen it before it noted the deed
}

// Deeds are what p does to the processes and the container, from now on.
// Without waiting the container is not seen: then it is only said what its
// runner was asked for.
func (p Plan) Deeds(now Situation, w Wanted, waits bool) []Deed {
	var list []Deed
	if p.Exchange {
		list = append(list, Deed{"supervision exchanged", func(after Situation) bool {
			return after.Outer.Supervised && after.Shape == w.Shape
		}})
	}
	switch {
	case p.Enable && now.Enabled:
		list = append(list, Deed{"supervised", func(after Situation) bool { return after.Outer.Supervised }})
	case p.Enable:
		list = append(list, Deed{"enabled", func(after Situation) bool { return after.Enabled }})
	}
	for _, c := range p.Commands {
		if !p.NewSpec || c.Does != runnerHandsOver {
			list = append(list, commandDeed(c, now))
		}
	}
	if p.Clear && now.Shape.Runner != "" {
		list = append(list, Deed{"container removed", func(after Situation) bool { return !after.MayHaveContainer() }})
	}
	return append(list, p.containerDeeds(now, w, waits)...)
}

// containerDeeds are what p does to the container.
func (p Plan) containerDeeds(now Situation, w Wanted, waits bool) []Deed {
	another := func(after Situation) bool {
		return after.StatusIsCurrent() && after.Says.Container != "" && after.Says.Container != now.Says.Container && after.Says.Spec == w.Hash
	}
	knows := func(after Situation) bool { return after.StatusIsCurrent() && after.Says.Wanted == w.Hash }
	one := func(word, asked string) []Deed {
		if waits && !now.Says.Phase.Idles() { // there is no container to see
			return []Deed{{word, another}}
		}
		return []Deed{{asked, knows}}
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

// Words are the words of those of deeds that are to be done, in check mode, or that are
// seen to have been done. unseen are the words of the others.
func Words(deeds []Deed, after Situation, check bool) (words, unseen []string) {
	for _, d := range deeds {
		switch {
		case slices.Contains(words, d.Word):
		case check || d.Seen == nil || d.Seen(after):
			words = append(words, d.Word)
		default:
			unseen = append(unseen, d.Word)
		}
	}
	return words, unseen
}

// commandDeed is what c does, seen in the process that it is for.
func commandDeed(c module.Command, now Situation) Deed {
	before := now.process(c.Dir)
	return Deed{c.Does, func(after Situation) bool {
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
