package task

import (
	"strings"

	"rundock/internal/nearest"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/plan"
)

// otherServices names the services that there are, where the one that is to go is
// missing: its name may be misspelt.
func (t *Task) otherServices(now plan.Situation) string {
	if t.Params.Installs() || now.Installed {
		return ""
	}
	names := look.Installed(t.service.Unit.Folders, "")
	text := "; there is no such service on this host"
	switch near := nearest.Of(t.Params.Name, names); {
	case near != "":
		return text + " (did you mean " + near + "?), but: " + strings.Join(names, ", ")
	case names != nil:
		return text + ", but: " + strings.Join(names, ", ")
	}
	return text
}
