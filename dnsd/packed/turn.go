package packed

// A Group is a run of records that take turns: those of one priority. Records
// of different groups keep their order, so the preferred ones stay in front.
type Group struct {
	From, To int      // the records of the run: From <= i < To
	Weights  []uint32 // sums of the weights of its first 1, 2, ... records; nil: all are equal
}

// Groups are the turns of records with these priorities (in order) and
// weights, which stand from first on. A record on its own has no turn to take.
func Groups(first int, priority, weight []uint16) []Group {
	var groups []Group
	for i := 0; i < len(priority); {
		end := i + 1
		for end < len(priority) && priority[end] == priority[i] {
			end++
		}
		g := Group{From: first + i, To: first + end}
		var sum uint32
		equal := true
		for j := i; j < end; j++ {
			sum += uint32(weight[j])
			g.Weights = append(g.Weights, sum)
			equal = equal && weight[j] == weight[i]
		}
		if equal {
			g.Weights = nil
		}
		groups = append(groups, g)
		i = end
	}
	if len(groups) == len(priority) {
		return nil
	}
	return groups
}

// clip leaves groups of the first n records.
func clip(groups []Group, n int) []Group {
	var clipped []Group
	for _, g := range groups {
		if g.To = min(g.To, n); g.To > g.From {
			if g.Weights != nil {
				g.Weights = g.Weights[:g.To-g.From]
			}
			clipped = append(clipped, g)
		}
	}
	return clipped
}

// Start is the record that comes first in this turn: over all turns each as
// often as its weight says. The others follow in a circle.
func (g *Group) Start(turn uint32) int {
	if g.Weights == nil {
		return g.From + int(uint64(turn)*uint64(g.To-g.From)>>32)
	}
	at := uint32(uint64(turn) * uint64(g.Weights[len(g.Weights)-1]) >> 32)
	i := 0
	for g.Weights[i] <= at {
		i++
	}
	return g.From + i
}

// Turn returns records in the order of a turn.
func Turn[T any](records []T, groups []Group, turn uint32) []T {
	if len(groups) == 0 {
		return records
	}
	turned := append(make([]T, 0, len(records)), records[:groups[0].From]...)
	for i := range groups {
		g := &groups[i]
		start := g.Start(turn)
		turned = append(append(turned, records[start:g.To]...), records[g.From:start]...)
	}
	return turned
}
