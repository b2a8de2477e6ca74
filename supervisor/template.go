package supervisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// TemplateDir is where each template of a host has its definition, NAME.json.
const TemplateDir = "/etc/rundock/templates"

// Template is a file that `rundockd render` keeps as a template says.
type Template struct {
	Version int             `json:"version"`
	Name    string          `json:"name"`              // of the file of the definition, without .json
	Src     string          `json:"src,omitempty"`     // absolute path of the template; zero: Content is it
	Content string          `json:"content,omitempty"` //
	Dest    string          `json:"dest"`              // absolute path of the file
	Owner   string          `json:"owner,omitempty"`   // name or number; zero: root, as all that rundockd makes
	Group   string          `json:"group,omitempty"`
	Mode    string          `json:"mode,omitempty"`   // octal; zero: 0644
	Check   string          `json:"check,omitempty"`  // shell command that judges the staged file, whose path stands for %s
	Reload  string          `json:"reload,omitempty"` // shell command after the file was replaced
	Signal  *TemplateSignal `json:"signal,omitempty"` // besides, or instead
	Wait    string          `json:"wait,omitempty"`   // MIN:MAX, see Quiet
	Floor   map[string]int  `json:"floor,omitempty"`  // least instances by service as the template asks for it; * is each other
	Backup  bool            `json:"backup,omitempty"` // keep the file before as DEST~
}

// TemplateSignal is a signal to the process of a runit service.
type TemplateSignal struct {
	Service string `json:"service"`
	Signal  string `json:"signal"` // HUP, INT, QUIT, TERM, USR1, USR2, ALRM
}

// Signals are the letters by which runsv sends signals.
var Signals = map[string]string{"HUP": "h", "INT": "i", "QUIT": "q", "TERM": "t", "USR1": "1", "USR2": "2", "ALRM": "a"}

// Quiet says when a change is taken up: after nothing more has changed for
// Min, and Max after the change at the latest. AtOnce takes up one that comes
// after Max without any at once.
type Quiet struct {
	Min, Max time.Duration
	AtOnce   bool
}

var defaultQuiet = Quiet{150 * time.Millisecond, time.Second, true}

// Quiet reads Wait.
func (t Template) Quiet() (Quiet, error) {
	if t.Wait == "" {
		return defaultQuiet, nil
	}
	least, most, two := strings.Cut(t.Wait, ":")
	q := Quiet{}
	var err, err2 error
	q.Min, err = time.ParseDuration(least)
	if q.Max = 4 * q.Min; two { // as consul-template has it
		q.Max, err2 = time.ParseDuration(most)
	}
	if err != nil || err2 != nil || q.Min < 0 || q.Max < q.Min {
		return q, fmt.Errorf("wait %q: want MIN:MAX such as 250ms:2s", t.Wait)
	}
	return q, nil
}

// FileMode reads Mode.
func (t Template) FileMode() (os.FileMode, error) {
	if t.Mode == "" {
		return 0o644, nil
	}
	n, err := strconv.ParseUint(t.Mode, 8, 32)
	if err != nil || n > 0o777 {
		return 0, fmt.Errorf("mode %q: want three octal digits such as 0640", t.Mode)
	}
	return os.FileMode(n), nil
}

// Validate says what is wrong with a definition.
func (t Template) Validate() error {
	_, waitErr := t.Quiet()
	_, modeErr := t.FileMode()
	switch {
	case !IsName(t.Name):
		return fmt.Errorf("name %q: want letters, digits, -, _ and .", t.Name)
	case t.Name == "runner" || t.Name == "announce":
		return fmt.Errorf("name %s: the status of a service named templates has that name", t.Name)
	case (t.Src == "") == (t.Content == ""):
		return errors.New("want src or content")
	case t.Src != "" && !filepath.IsAbs(t.Src):
		return fmt.Errorf("src %s: want an absolute path", t.Src)
	case !filepath.IsAbs(t.Dest) || strings.HasSuffix(t.Dest, "/"):
		return fmt.Errorf("dest %q: want the absolute path of a file", t.Dest)
	case t.Check != "" && !strings.Contains(t.Check, "%s"):
		return fmt.Errorf("check %q: want %%s in it, which is the staged file", t.Check)
	case t.Signal != nil && (t.Signal.Service == "" || Signals[t.Signal.Signal] == ""):
		return fmt.Errorf("signal %s to service %q: want one of HUP, INT, QUIT, TERM, USR1, USR2, ALRM, and a service", t.Signal.Signal, t.Signal.Service)
	}
	for service, n := range t.Floor {
		if n < 0 {
			return fmt.Errorf("floor of %s: %d, want 0 or more", service, n)
		}
	}
	return errors.Join(waitErr, modeErr)
}

// ReadTemplates reads all definitions of dir. One that is wrong is none of the
// list, and in the error.
func ReadTemplates(dir string) (all []Template, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	dest := map[string]string{}
	for _, path := range files {
		t, e := readTemplate(path)
		if e == nil && dest[t.Dest] != "" {
			e = fmt.Errorf("dest %s is that of template %s as well", t.Dest, dest[t.Dest])
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("template %s: %w", path, e))
			continue
		}
		dest[t.Dest] = t.Name
		all = append(all, t)
	}
	return all, err
}

func readTemplate(path string) (t Template, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	if t, err = ParseTemplate(path, data); err == nil && t.Name+".json" != filepath.Base(path) {
		err = fmt.Errorf("name %q: want that of the file", t.Name)
	}
	return t, err
}

// ParseTemplate reads a definition; errors name it path.
func ParseTemplate(path string, data []byte) (t Template, err error) {
	if err := parse(path, data, &t); err != nil {
		return t, err
	}
	if err := checkVersion(path, t.Version); err != nil {
		return t, err
	}
	return t, t.Validate()
}
