package compose

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// servicing makes the model's form of one service of what compose-go has loaded.
type servicing struct {
	*project
	name   string
	c      types.ServiceConfig
	s      stack.Service
	b      spec.Builder
	broken bool // b is of no use any more
	job    bool // somebody waits for it to be completed
}

// fail says what is wrong with a key of the service.
func (v *servicing) fail(key, format string, values ...any) {
	v.failIn(v.name, key, format, values...)
}

// note says what of a key is done otherwise.
func (v *servicing) note(key, format string, values ...any) {
	v.noteIn(v.name, key, format, values...)
}

// report says what is wrong with a key, as the builder of a container says it.
func (v *servicing) report(key string, err error) {
	if err == nil {
		return
	}
	v.broken = true
	parameter, _, _ := strings.Cut(key, "[")
	v.fail(key, "%s", strings.TrimPrefix(strings.TrimPrefix(err.Error(), key+": "), parameter+": "))
}

// set gives a flag of docker run the value of a key; "" is none.
func (v *servicing) set(key, flag, value string) {
	if value != "" && !v.broken {
		v.report(key, v.b.Set(key, flag, value))
	}
}

func (v *servicing) setEach(key, flag string, values []string) {
	for _, value := range values {
		v.set(key, flag, value)
	}
}

// setPairs gives a flag the entries of a mapping, sorted.
func (v *servicing) setPairs(key, flag, join string, entries map[string]string) {
	for _, name := range sortedKeys(entries) {
		v.set(key, flag, name+join+entries[name])
	}
}

func (v *servicing) setTrue(key, flag string, on bool) {
	if on {
		v.set(key, flag, "true")
	}
}

func (v *servicing) setNumber(key, flag string, n int64) {
	if n != 0 {
		v.set(key, flag, fmt.Sprint(n))
	}
}

// shared is how a namespace of another container is named.
const shared = "container:"
