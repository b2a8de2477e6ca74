package compose

import (
	"errors"
	"io/fs"
	"maps"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// environment is what variables stand for: what .env has, and what is given,
// which wins.
func (p *project) environment() map[string]string {
	env := maps.Clone(p.in.Env)
	if env == nil {
		env = map[string]string{}
	}
	p.addEnvFile(env, within(p.dir, ".env"), Finding{}, false)
	return env
}

// addEnvFile adds to env what it does not have. from is what names the file.
func (p *project) addEnvFile(env map[string]string, name string, from Finding, required bool) {
	data, err := p.source.file(name)
	switch {
	case errors.Is(err, ErrUnsent):
		return
	case !required && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrFolder)):
		return
	case err != nil:
		p.unreadable(from, name, err)
		return
	}
	p.others[name] = data
	more, err := dotenv.ParseWithLookup(strings.NewReader(string(data)), scope{env: env}.lookup)
	if err != nil {
		p.wrong = append(p.wrong, Finding{File: name, Text: parseComplaint(err)})
		return
	}
	for k, v := range more {
		if _, ok := env[k]; !ok {
			env[k] = v
		}
	}
}

// parseComplaint is what is wrong with a file of variables, without what is in it.
func parseComplaint(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\"")
	return "not lines of NAME=value: " + strings.TrimSpace(text)
}
