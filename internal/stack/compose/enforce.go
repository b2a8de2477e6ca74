package compose

import (
	"encoding/json"
	"fmt"
	"strings"
)

// treatments are keys by path.
var treatments = func() map[string]key {
	all := map[string]key{}
	for _, k := range keys {
		all[k.path] = k
	}
	return all
}()

// enforce notes and refuses what the files have of keys that are not mapped.
// It looks at what compose-go has made of them, so that what is reset, or of
// a service that is left out, does not count.
func (p *project) enforce() {
	data, err := json.Marshal(p.loaded)
	if err != nil {
		p.wrong = append(p.wrong, Finding{Text: err.Error()})
		return
	}
	var made map[string]any
	if err := json.Unmarshal(data, &made); err != nil {
		p.wrong = append(p.wrong, Finding{Text: err.Error()})
		return
	}
	p.walk("", "", made)
}

// walk looks at value, whose keys are called at in the table, and shown in the
// files.
func (p *project) walk(at, shown string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			p.key(at, shown, name, v[name])
		}
	case []any:
		for i, item := range v {
			p.walk(at, fmt.Sprintf("%s[%d]", shown, i), item)
		}
	}
}

func (p *project) key(at, shown, name string, value any) {
	below := func(path, part string) string { return strings.TrimPrefix(path+"."+part, ".") }
	path := below(at, name)
	if _, ok := treatments[path]; !ok && at != "" {
		path = below(at, "*")
	}
	k := treatments[path]
	shown = below(shown, name)
	if k.what != noted && k.what != refused {
		p.walk(path, shown, value)
		return
	}
	if empty(value) {
		return
	}
	service, key := "", shown
	if rest, ok := strings.CutPrefix(shown, "services."); ok {
		service, key = p.cutService(rest)
	}
	f := p.places.finding(service, key, k.how)
	if f.File == "" {
		return // compose-go's own default
	}
	if k.what == refused {
		p.wrong = append(p.wrong, f)
	} else {
		p.notes = append(p.notes, f)
	}
}

// cutService cuts a path below services; names of services may hold dots.
func (p *project) cutService(path string) (service, key string) {
	for name := range p.loaded.Services {
		if rest, ok := strings.CutPrefix(path, name+"."); ok && len(name) > len(service) {
			service, key = name, rest
		}
	}
	return service, key
}

// empty reports whether a value is as if its key were not there.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
