package render

import (
	"errors"
	"text/template"
)

// Result is a rendered file and what it was made from.
type Result struct {
	Data     []byte
	Services map[string]int // instances found, by what service was asked for, and by the service's name without tag
	Keys     map[string]int // keys found, by what key, ls or tree was asked for; 0: not there
}

// view is a state as one rendering sees it.
type view struct {
	state    *State
	template *template.Template
	depth    int // of executeTemplate
	used     Result
}

var errNotFound = errors.New("not in the store")
