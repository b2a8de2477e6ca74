// Package settings are the environment settings of previews: variables for their
// containers, for all of a site, for a repository or for one preview, of which the latter win. Whoever
// sets a value is never shown it again: in the store it is sealed, bound to its scope and
// name. Pages have the public half of the site's key, which seals, and builders the key itself, which opens, to give
// values to containers.
//
//	/rundock/v1/preview/env/global        Set
//	/rundock/v1/preview/env/repo/NAME     Set
//	/rundock/v1/preview/env/preview/NAME  Set
package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"rundock/internal/preview"
	"rundock/internal/registry"
)

// ReadKey reads the site's key, KeyBytes bytes, from a file.
func ReadKey(file string) ([]byte, error) {
	key, err := os.ReadFile(file)
	if err == nil && len(key) != KeyBytes {
		err = fmt.Errorf("%s has %d bytes, and %d are wanted: copy it from another host of the previews", file, len(key), KeyBytes)
	}
	return key, err
}

// Scope is what settings are for.
type Scope struct{ kind, name string }

// Global is all previews of the site.
var Global = Scope{kind: "global"}

// OfRepo are all previews of a repository.
func OfRepo(name string) Scope { return Scope{"repo", name} }

// OfPreview is one preview.
func OfPreview(name string) Scope { return Scope{"preview", name} }

// Prefix is that of the keys of all Sets.
const Prefix = preview.Prefix + "env/"

// Key is where a Set is in the store.
func (s Scope) Key() string { return Prefix + s.String() }

// String is s as it is in keys: global, repo/shop.
func (s Scope) String() string { return strings.TrimSuffix(s.kind+"/"+s.name, "/") }

// Limits of a Set: all of it is one value of the store.
const (
	namesAtMost = 200
	valueAtMost = 16 << 10 // bytes
	setAtMost   = 1_000_000
)

// Set are the settings of one scope.
type Set struct {
	Revision int               `json:"revision"`         // grows with each change
	Values   map[string][]byte `json:"values,omitempty"` // sealed, by the variable's name
}

// Parse reads a Set; nil is an empty one.
func Parse(value []byte) (s Set, err error) {
	if value == nil {
		return s, nil
	}
	if err := registry.Decode(value, &s); err != nil {
		return s, fmt.Errorf("settings of previews: %w", err)
	}
	return s, nil
}

// JSON is s as it is stored.
func (s Set) JSON() []byte {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and bytes
	}
	return data
}

// Names are the variables that are set, sorted: all that people are shown of a Set.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s.Values)) }

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// ours are variables that previews are given anyway.
var ours = []string{"PREVIEW_NAME", "PREVIEW_URL"}

// Put returns s with a variable set. Errors tell nothing of the value.
func (s Set) Put(key Public, scope Scope, name, value string) (Set, error) {
	fail := func(why string) (Set, error) { return s, fmt.Errorf("setting %.130q: %s", name, why) }
	switch {
	case !nameForm.MatchString(name):
		return fail("want letters, digits and _, at most 128, the first no digit")
	case slices.Contains(ours, name):
		return fail("each preview has its own")
	case len(value) > valueAtMost:
		return fail(fmt.Sprintf("its value has %d bytes, at most %d are kept", len(value), valueAtMost))
	case strings.Contains(value, "\x00"):
		return fail("its value has a zero byte")
	}
	sealed, err := key.seal(scope, name, value)
	if err != nil {
		return fail(err.Error())
	}
	after := Set{s.Revision + 1, maps.Clone(s.Values)}
	if after.Values == nil {
		after.Values = map[string][]byte{}
	}
	after.Values[name] = sealed
	if len(after.Values) > namesAtMost {
		return fail(fmt.Sprintf("there are %d already", namesAtMost))
	}
	if size := len(after.JSON()); size > setAtMost {
		return fail(fmt.Sprintf("with it all would have %d bytes, at most %d are kept", size, setAtMost))
	}
	return after, nil
}

// Drop returns s without a variable; one that is not set changes nothing.
func (s Set) Drop(name string) Set {
	if _, ok := s.Values[name]; !ok {
		return s
	}
	after := Set{s.Revision + 1, maps.Clone(s.Values)}
	delete(after.Values, name)
	return after
}

// All are the settings that count for one preview.
type All struct {
	Repo, Preview string // names
	Global        Set
	OfRepo        Set
	OfPreview     Set
}

// Revision is another one after each change of a setting that counts. Whoever reads
// it learns nothing of values.
func (a All) Revision() string {
	return fmt.Sprintf("%d.%d.%d", a.Global.Revision, a.OfRepo.Revision, a.OfPreview.Revision)
}

// Open returns the variables of the preview with their values, by the site's key.
func (a All) Open(key []byte) (map[string]string, error) {
	private, err := privateOf(key)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for _, of := range []struct {
		scope Scope
		set   Set
	}{{Global, a.Global}, {OfRepo(a.Repo), a.OfRepo}, {OfPreview(a.Preview), a.OfPreview}} {
		for name, sealed := range of.set.Values {
			if env[name], err = open(private, of.scope, name, sealed); err != nil {
				return nil, err
			}
		}
	}
	return env, nil
}
