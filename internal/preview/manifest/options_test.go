package manifest

import (
	"reflect"
	"strings"
	"testing"

	"rundock/internal/spec"
)

// optionsOf are the names in JSON of a container's options.
func optionsOf(t *testing.T) (names []string) {
	t.Helper()
	of := reflect.TypeFor[spec.Container]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
