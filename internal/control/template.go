package control

import (
	"errors"
	"io/fs"
	"os"
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
	Waits      bool           `json:"waits,omitempty"`       // Reason goes by itself: the store has not answered yet, or is not complete again
	Definition string         `json:"definition,omitempty"`  // Sum of the definition that the renderer has read
	Source     string         `json:"source,omitempty"`      // Sum of the template that it has read last
	File       string         `json:"file,omitempty"`        // FileState of the last good file
	Services   map[string]int `json:"services,omitempty"`    // instances in the last good file, by service
	Keys       map[string]int `json:"keys,omitempty"`        // keys that it was made from, by what was asked for
	Changed    time.Time      `json:"changed,omitzero"`      // when the file was replaced last
	Writes     int            `json:"writes"`                // how often it was replaced since the renderer started
	Reloads    int            `json:"reloads"`               // reloads that succeeded since then
	ReloadOwed bool           `json:"reload_owed,omitempty"` // the file is newer than the last reload
}

// TemplateTrial is the answer of `rundockd render --try`: what a definition
// would make of the file as store and host are now. Nothing was changed.
type TemplateTrial struct {
	Version int         `json:"version"`
	Wrong   string      `json:"wrong,omitempty"`   // definition or template is wrong, whatever store and host hold
	Refused string      `json:"refused,omitempty"` // why the file would stay as it is
	Unasked string      `json:"unasked,omitempty"` // a floor of a service for which the template has not asked
	Replace bool        `json:"replace,omitempty"` // the file would be replaced
	Before  *[]byte     `json:"before,omitempty"`  // what is in the file; nil: there is none
	Mode    fs.FileMode `json:"mode,omitempty"`    // its permission bits
	After   []byte      `json:"after,omitempty"`   // what would be
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

// RemoveTemplate removes what is known of a template that is kept no more.
func RemoveTemplate(dir, name string) error {
	for _, path := range []string{filepath.Join(templateDir(dir), name+".json"), TemplateLock(dir, name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
