package ansible

import (
	"fmt"
	"slices"
	"strings"
)

// level is where parameters stand: in the call itself, or within another.
type level struct {
	params     []Param
	rules      Rules
	context    []string // names of the parameters around it
	prefix     string   // announces[0]. for warnings
	path       string   // announces["check"] for deprecations
	collection string
}

// within is the level of p's suboptions in element i of a list; i < 0 where
// there is none.
func (l level) within(p Param, i int) level {
	prefix := l.prefix + p.Name
	if i >= 0 {
		prefix += fmt.Sprintf("[%d]", i)
	}
	return level{params: p.Options, rules: p.Rules, collection: l.collection,
		context: append(slices.Clone(l.context), p.Name), prefix: prefix + ".", path: l.pathOf(p)}
}

func (l level) pathOf(p Param) string {
	if l.path == "" {
		return p.Name
	}
	return fmt.Sprintf("%s[%q]", l.path, p.Name)
}

// foundIn ends an error of an inner level.
func (l level) foundIn() string {
	if l.context == nil {
		return ""
	}
	return " found in " + strings.Join(l.context, " -> ")
}
