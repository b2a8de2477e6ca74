package spec

import (
	"errors"
	"slices"
	"strings"
)

// problems are what is wrong with args, each once; flags that are refused for
// one reason are told together.
type problems struct {
	texts   []string
	reasons []string            // in the order in which they came up
	refused map[string][]string // flags by reason
}

func (p *problems) add(err error) {
	if err != nil && !slices.Contains(p.texts, err.Error()) {
		p.texts = append(p.texts, err.Error())
	}
}

func (p *problems) refuse(flag, reason string) {
	if p.refused == nil {
		p.refused = map[string][]string{}
	}
	if p.refused[reason] == nil {
		p.reasons = append(p.reasons, reason)
	}
	if !slices.Contains(p.refused[reason], flag) {
		p.refused[reason] = append(p.refused[reason], flag)
	}
}

func (p *problems) err() error {
	var all []string
	for _, reason := range p.reasons {
		verb := " is not taken: "
		if len(p.refused[reason]) > 1 {
			verb = " are not taken: "
		}
		all = append(all, strings.Join(p.refused[reason], ", ")+verb+reason)
	}
	if all = append(all, p.texts...); all == nil {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}
