package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"rundock/internal/stack"
)

// project is all that is read for one stack, and what becomes of it.
type project struct {
	in     Input
	named  bool // by the call
	source source
	stage  *stage
	dir    string // of the first compose file: relative paths start there
	env    map[string]string

	files      map[string]*file      // compose files, those that are included and extended too
	others     map[string][]byte     // what else compose-go reads itself: env files of what is included
	parts      []part                // files whose services are the stack's
	hoisted    map[string]bool       // volumes of v1 files that are extended, which the first file has to declare
	includers  []string              // files that are being read, outermost first
	references map[*yaml.Node]string // files by what names them

	places places
	wrong  Errors
	notes  []Finding

	loaded           *types.Project // by compose-go
	configs, secrets map[string]stack.File
	blobs            map[string][]byte // configs by hash
	values           map[string]Secret // by key
}

// file is one compose file, rewritten for compose-go.
type file struct {
	name      string
	documents []*yaml.Node // with aliases filled in
}

// part is a file whose services are the stack's, and where it is read.
type part struct {
	file  *file
	scope scope
}

// scope is where a compose file is read: what its paths are relative to, and
// the variables that it sees.
type scope struct {
	dir string
	env map[string]string
}

func (s scope) lookup(name string) (string, bool) {
	v, ok := s.env[name]
	return v, ok
}

// err is why there can be no stack: what is wrong comes before what is missing,
// which may never be needed.
func (p *project) err() error {
	if len(p.wrong) > 0 {
		p.wrong = sorted(p.wrong)
		return p.wrong
	}
	return p.source.missing()
}

// fail says what is wrong with a key of the top level.
func (p *project) fail(key, format string, values ...any) {
	p.failIn("", key, format, values...)
}

// failIn says what is wrong with a key of a service.
func (p *project) failIn(service, key, format string, values ...any) {
	p.wrong = append(p.wrong, p.places.finding(service, key, fmt.Sprintf(format, values...)))
}

// note says what of a key of the top level is done otherwise.
func (p *project) note(key, format string, values ...any) {
	p.noteIn("", key, format, values...)
}

// noteIn says what of a key of a service is done otherwise.
func (p *project) noteIn(service, key, format string, values ...any) {
	p.notes = append(p.notes, p.places.finding(service, key, fmt.Sprintf(format, values...)))
}

// inactive are the services that no profile of the call has.
func (p *project) inactive() []string {
	return slices.Sorted(maps.Keys(p.loaded.DisabledServices))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// plain is a copy of m; nil where it is empty.
func plain[M ~map[string]string](m M) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(map[string]string(m))
}

// unreadable says of a file that from names why it cannot be read.
func (p *project) unreadable(from Finding, name string, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		from.Text = fmt.Sprintf("there is no file %s", name)
	case errors.Is(err, ErrFolder):
		from.Text = fmt.Sprintf("%s is a folder", name)
	default:
		from.Text = fmt.Sprintf("read %s: %v", name, err)
	}
	p.wrong = append(p.wrong, from)
}
