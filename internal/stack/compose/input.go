package compose

import (
	"errors"

	"rundock/internal/stack"
)

// Input is what a stack is made of.
type Input struct {
	Name     string   // of the stack; "" is what the files say
	Files    []string // compose files; what a later one says wins
	Read     Reader
	Env      map[string]string // what ${X} stands for; wins over .env beside the first file
	Profiles []string          // services of other profiles are left out; * is all
	Scale    map[string]int    // instances by service; wins over the files
	BuiltAs  string            // begins the image's name of a service that has build and no image; the service's name follows

	Configs map[string][]byte // what configs hold, by key; wins over the files
	Secrets map[string]Secret // what secrets hold, by key; wins over the files
	Key     []byte            // by which secrets are digested; needed where there are any
}

// Result is a stack, and what goes with its model.
type Result struct {
	Stack    stack.Stack
	Notes    []Finding         // what is done otherwise than the files say
	X        map[string]any    // keys of the top level that begin with x-
	Inactive []string          // services of profiles that were not asked for
	Configs  map[string][]byte // what configs hold, by their hash
	Secrets  map[string]Secret // what secrets hold, by their key
}

// Secret is what a secret holds. It shows itself to nobody who prints it.
type Secret []byte

func (Secret) String() string               { return "(secret)" }
func (Secret) GoString() string             { return "(secret)" }
func (Secret) MarshalText() ([]byte, error) { return nil, errors.New("a secret is not written") }
