package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rundock/internal/ansible"
)

// Read returns what the call asks for. many says that it has services, even
// if that is one.
func Read(c ansible.Call) (list []Params, many bool, err error) {
	var given struct {
		Params
		Services []json.RawMessage `json:"services"`
	}
	if err := c.Decode(&given); err != nil {
		return nil, false, err
	}
	if given.Services == nil {
		p, err := given.Params.read()
		return []Params{p}, false, err
	}
	var problems []error
	names := map[string]int{}
	for i, raw := range given.Services {
		p := given.Params
		p.Log.Size, p.Log.Keep = clone(p.Log.Size), clone(p.Log.Keep) // or it would be that of all
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, true, fmt.Errorf("services[%d]: %w", i, err)
		}
		p, err := p.read()
		if err != nil {
			problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
		}
		if first, ok := names[p.Name]; ok {
			problems = append(problems, fmt.Errorf("value of services[%d].name must be another than that of services[%d], got: %s", i, first, p.Name))
		}
		names[p.Name] = i
		list = append(list, p)
	}
	if list == nil {
		return nil, true, errors.New("value of services must be one or more services, got none")
	}
	if err := checkNamesakes(list); err != nil {
		problems = append(problems, err)
	}
	return list, true, JoinErrors(problems)
}

// read checks p as it was given, and then has the colour in the name: that of the
// container, and of all else that the host has of the service.
func (p Params) read() (Params, error) {
	if err := p.check(); err != nil || p.Colour == "" {
		return p, err
	}
	if p.Installs() && !p.announced() {
		return p, errors.New("missing parameter(s) required by 'colour': announce, announces")
	}
	for i, a := range p.Announces {
		if a.Name == "blue" || a.Name == "green" {
			return p, fmt.Errorf("value of announces[%d].name must not be a colour where the service has one, got: %s", i, a.Name)
		}
	}
	p.Name += "-" + p.Colour
	return p, p.check()
}

// JoinErrors is several errors as one, in one line; nil for none.
func JoinErrors(problems []error) error {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	if texts == nil {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}
