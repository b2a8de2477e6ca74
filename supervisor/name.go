package supervisor

import (
	"fmt"
	"strings"

	"rundock/internal/spec"
)

// IsName reports whether name can be that of a service or a template: of its
// container or its file.
func IsName(name string) bool { return spec.IsName(name) }

// A service's container has its name. Beside it there come and go others,
// with these behind the name.
const (
	NextSuffix  = ".new"   // the next container, until it takes the place of the one that runs
	TrialSuffix = ".check" // one made to find out whether it can be
	OldSuffix   = ".old"   // one whose place another has taken, until its clients have left
)

// CheckName refuses a name that a container of another service can have. The
// error says what the name must not be, and why.
func CheckName(name string) error {
	for suffix, what := range map[string]string{
		NextSuffix:  "that is to take the place of the one of service",
		TrialSuffix: "that is made on trial for service",
		OldSuffix:   "whose place another takes of service",
	} {
		if of, ok := strings.CutSuffix(name, suffix); ok {
			return fmt.Errorf("must not end in %s: %s is the name of the container %s %s", suffix, name, what, of)
		}
	}
	return nil
}
