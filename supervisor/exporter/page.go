package exporter

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// page is metrics in Prometheus's text format: a family is declared once, before its first
// sample, and its samples follow each other.
type page struct {
	order    []string
	families map[string]*strings.Builder
}

// Kinds of families.
const (
	gauge   = "gauge"
	counter = "counter"
)

// add adds a sample. labels are names and values in turn.
func (p *page) add(kind, name, help string, value float64, labels ...string) {
	b := p.family(kind, name, help)
	b.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(b, `%s="%s"`, labels[i], escape.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	fmt.Fprintf(b, " %s\n", strconv.FormatFloat(value, 'f', -1, 64))
}

func (p *page) family(kind, name, help string) *strings.Builder {
	if b := p.families[name]; b != nil {
		return b
	}
	if p.families == nil {
		p.families = map[string]*strings.Builder{}
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	p.families[name], p.order = b, append(p.order, name)
	return b
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// states adds a sample for each state that there is: 1 for the one that holds.
func states[T ~string](p *page, name, help string, all []T, is T, labels ...string) {
	for _, state := range all {
		p.add(gauge, name, help, truth(state == is), append(labels[:len(labels):len(labels)], "state", string(state))...)
	}
}

func (p *page) String() string {
	var b strings.Builder
	for _, name := range p.order {
		b.WriteString(p.families[name].String())
	}
	return b.String()
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// seconds is a time as Prometheus has it; 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
