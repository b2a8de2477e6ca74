package plan

import (
	"errors"
	"fmt"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/supervisor/renderdir"
)

// Situation is how the template stands on the host, from files alone.
type Situation struct {
	module.Daemon      // the renderer
	Defined       bool // the definition is there
	Others        int  // definitions of other templates
	Says          control.TemplateStatus
	Stale         bool // the renderer that runs has read another definition or template, the file is not as it left it, or its program was replaced
}

// Speaks reports whether the status is of the renderer that runs.
func (s Situation) Speaks() bool { return s.Process.Wrote(s.Says.PID) }

// Current reports whether the renderer that runs has the file as it should be,
// and its reader reloaded.
func (s Situation) Current() bool {
	return s.Speaks() && !s.Stale && s.Says.State == control.TemplateCurrent && !s.Says.ReloadOwed
}

// Keeps reports whether the renderer that runs leaves the last good file in its place,
// for a reason that does not go by itself.
func (s Situation) Keeps() bool {
	return s.Speaks() && !s.Stale && s.Says.State == control.TemplateKept && !s.Says.Waits
}

// Why says why the file is not as it should be.
func (s Situation) Why() error {
	switch {
	case !s.Speaks():
		return errors.New("the renderer has said nothing; its log is " + renderdir.LogDir + "/current")
	case s.Stale:
		return fmt.Errorf("the renderer, process %d, has not read it", s.Says.PID)
	}
	return errors.New(module.Choose(s.Says.Store != "", "the store cannot be reached: "+s.Says.Store, s.Says.Reason))
}

// Facts are what the result tells of the template.
type Facts struct {
	Name     string         `json:"name"`
	State    string         `json:"state"`
	Reason   string         `json:"reason,omitempty"`
	Dest     string         `json:"dest,omitempty"`
	Services map[string]int `json:"services,omitempty"`
	Keys     map[string]int `json:"keys,omitempty"`
}

// Tell is how the template of this name stands, whose file is dest.
func (s Situation) Tell(name, dest string) Facts {
	f := Facts{Name: name, State: string(s.Says.State), Reason: s.Says.Reason, Dest: dest, Services: s.Says.Services, Keys: s.Says.Keys}
	if !s.Speaks() {
		f.State, f.Reason = "down", ""
	}
	return f
}
