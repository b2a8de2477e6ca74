// Package render makes files from templates and from what a store holds: the
// records of services (skydns) and other keys. It does no input or output.
//
// Templates are Go's text/template with the functions of consul-template under
// the names that they have there, and those of sprig that give the same for the
// same arguments. docs/templates.md lists all of them.
//
// Source: consul-template 0.42, docs/templating-language.md; sprig v3.3.
package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	name   string
	parsed *template.Template
}

// Parse reads a template. name is what errors call it: its file or the name
// of its definition.
func Parse(name, text string) (*Template, error) {
	parsed, err := template.New(name).Option("missingkey=zero").Funcs(Functions()).Parse(text)
	if err != nil {
		return nil, readable(err)
	}
	return &Template{name, parsed}, nil
}

// Render makes the file that t is for this state. The same state gives the same
// file. An error names the template, the line, and what is missing or wrong;
// Result then says what was used so far.
func (t *Template) Render(state *State) (Result, error) {
	v := &view{state: state, used: Result{Services: map[string]int{}, Keys: map[string]int{}}}
	clone, err := t.parsed.Clone()
	if err != nil {
		return v.used, err
	}
	v.template = clone.Funcs(v.bound())
	var out bytes.Buffer
	if err := v.template.Execute(&out, nil); err != nil {
		return v.used, readable(err)
	}
	v.used.Data = out.Bytes()
	return v.used, nil
}

var (
	located    = regexp.MustCompile(`(?s)^template: (.*?):(\d+)(?::\d+)?: (.*)$`)
	calling    = regexp.MustCompile(`(?s)^executing .*? at <(.*?)>: (?:error calling (\w+): )?(.*)$`)
	notDefined = regexp.MustCompile(`^function "(\w+)" not defined$`)
)

// readable says what text/template has to say as: template, line, what.
func readable(err error) error {
	m := located.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	name, line, what := m[1], m[2], m[3]
	if c := calling.FindStringSubmatch(what); c != nil {
		what = c[3]
		if c[2] == "" || !strings.HasPrefix(what, c[2]+" ") {
			what = c[1] + ": " + what
		}
	}
	if f := notDefined.FindStringSubmatch(what); f != nil {
		if why := refused[strings.TrimPrefix(f[1], "sprig_")]; why != "" {
			what = fmt.Sprintf("function %s is not offered: %s", f[1], why)
		}
	}
	return fmt.Errorf("template %s, line %s: %s", name, line, what)
}
