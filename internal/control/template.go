package control

import (
	"path/filepath"
	"time"
)

// TemplateState says how a template's file stands.
type TemplateState string

const (
	TemplateCurrent TemplateState = "current" // the file is what template and store make
	TemplateKept    TemplateState = "kept"    // the last good file stays, or there is none yet; Reason says why
)

// TemplateStatus is /run/rundock/templates/<name>.json.
type TemplateStatus struct {
	Version    int            `json:"version"`
	Name       string         `json:"name"`
	PID        int            `json:"pid"`
	Dest       string         `json:"dest"`
	State      TemplateState  `json:"state"`
	Reason     string         `json:"reason,omitempty"`
	Since      time.Time      `json:"since"`                 // when State began
	Store      string         `json:"store,omitempty"`       // why the store cannot be reached; the file stays then
	Services   map[string]int `json:"services,omitempty"`    // instances in the last good file, by service
	Keys       map[string]int `json:"keys,omitempty"`        // keys that it was made from, by what was asked for
	Changed    time.Time      `json:"changed,omitzero"`      // when the file was replaced last
	Writes     int            `json:"writes"`                // how often it was replaced since the renderer started
	Reloads    int            `json:"reloads"`               // reloads that succeeded since then
	ReloadOwed bool           `json:"reload_owed,omitempty"` // the file is newer than the last reload
}

// templateDir is where the status files of templates are.
func templateDir(dir string) string { return filepath.Join(dir, "templates") }

// TemplateLock is the lock of a template's file; "" is the renderer's own.
func TemplateLock(dir, name string) string { return filepath.Join(templateDir(dir), "."+name+".lock") }

// ReadTemplate is ReadRunner for a template.
func ReadTemplate(dir, name string) (TemplateStatus, error) {
	var s TemplateStatus
	return s, readStatus(filepath.Join(templateDir(dir), name+".json"), &s)
}

// WriteTemplate is WriteRunner for a template.
func WriteTemplate(dir string, s TemplateStatus) error {
	s.Version = Version
	return writeStatus(templateDir(dir), s.Name+".json", s)
}
