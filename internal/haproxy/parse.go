package haproxy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// Parse reads settings, checks them, and fills in defaults: all services that
// frontends name are in Services then. The error names the field.
func Parse(data []byte) (Settings, error) {
	var s Settings
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) {
			return s, errors.New("the file is empty")
		}
		return s, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return s, errors.New("something follows the JSON object")
	}
	s.complete()
	return s, s.check()
}

// complete fills in the defaults.
func (s *Settings) complete() {
	known := map[string]bool{}
	for _, v := range s.Services {
		known[v.Name] = true
	}
	add := func(name string) {
		if name != "" && !known[name] {
			known[name] = true
			s.Services = append(s.Services, Service{Name: name})
		}
	}
	for _, f := range s.Frontends {
		for _, r := range f.Rules {
			add(r.Service)
		}
		add(f.Service)
	}
	for i := range s.Services {
		s.Services[i].complete()
	}
	fill(&s.HardStop, Duration(30*time.Minute))
}

func (v *Service) complete() {
	one := 1
	if v.Floor == nil {
		v.Floor = &one
	}
	fill(&v.Slots, 8)
	fill(&v.Timeout, Duration(time.Minute))
	fill(&v.Check.Host, v.Name)
	fill(&v.Check.Interval, Duration(time.Second))
	fill(&v.Check.Fast, Duration(100*time.Millisecond))
	fill(&v.Check.Rise, 2)
	fill(&v.Check.Fall, 3)
}

// fill gives a field that is zero its default.
func fill[T comparable](field *T, value T) { *field = cmp.Or(*field, value) }
