package hosts

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Wanted is what a host is to be. What is zero is left as it is.
type Wanted struct {
	Packages []string // Debian packages, which apt installs with what they depend on
	Docker   *Docker
	Unbooted []string // services of init that it does not start, as runit runs them; nor are they started when their packages are installed
	Runsvdir bool     // runit's supervisor runs, now and after a boot
	Programs []Program
	Users    []User
	Files    []File
	Services []Service // in the order in which they are started
	Removed  []string  // runit services of site.yml that are not to be
	Resolver *Resolver
}

// Docker is what dockerd is to be.
type Docker struct {
	Settings map[string]any // of daemon.json, whose other keys stay
	Restart  bool           // dockerd may be restarted for settings that it reads at its start alone
}

// Program is an executable file below ProgramDir.
type Program struct {
	Name   string
	Test   string // arguments with which a new one must run before it gets its name: "version"
	Hash   string // of its content, SHA-256 in hex
	Upload string // a gzip of it on the host; "" where it was not sent
}

// User is a system user, whose home is /var/lib/NAME.
type User struct {
	Name  string
	Reads []string // files that it has to be able to read
}

// File is a file of the host.
type File struct {
	Path    string // absolute
	Content string
	Mode    fs.FileMode
	Owner   string // "" is root
	Group   string // "" is root
	Check   string // shell command that judges a new content, which is in the file %s
	Secret  bool   // the content is in no diff
}

// Service is a runit service. One without Scripts is somebody else's: it is
// only waited for.
type Service struct {
	Name    string
	Scripts map[string]string // run, finish, check
	Reads   []string          // paths of files and programs of Wanted: it is renewed after a change of one
	Renew   string            // how: Restart, Hup or Never
	Ready   string            // shell command that succeeds once it works; "" waits for nothing
}

// How a service takes up a change of what it reads. A change of its scripts is
// taken up by Restart, but with Never.
const (
	Restart = "restart"
	Hup     = "hup"   // on which it hands over to a successor, or reads its settings
	Never   = "never" // one that runs goes on: all takes effect when it starts next
)

// Resolver is the host's own resolver.
type Resolver struct {
	Zone   string   // which Ask must answer for
	Ask    []string // addresses of the host on which dnsd answers
	Write  bool     // resolv.conf leads to 127.0.0.1
	Second string   // of resolv.conf, which is asked where dnsd of this host does not answer; "" is none
	Search []string // domains of resolv.conf
}

var (
	userName    = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	serviceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	hash        = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Validate returns an error that names what of w cannot be.
func (w Wanted) Validate() error {
	for _, p := range w.Packages {
		if !packageName.MatchString(p) {
			return fmt.Errorf("packages: %q is not the name of a Debian package", p)
		}
	}
	for _, name := range w.Unbooted {
		if !serviceName.MatchString(name) {
			return fmt.Errorf("unbooted: name %q: want letters, digits, -, _ and .", name)
		}
	}
	for _, p := range w.Programs {
		if !serviceName.MatchString(p.Name) {
			return fmt.Errorf("programs: name %q: want letters, digits, -, _ and .", p.Name)
		}
		if !hash.MatchString(p.Hash) {
			return fmt.Errorf("programs: %s has no hash: it comes from the action plugin that belongs to this module, which sends programs to the host", p.Name)
		}
	}
	for _, u := range w.Users {
		if !userName.MatchString(u.Name) {
			return fmt.Errorf("users: %q is not a user's name", u.Name)
		}
	}
	for _, f := range w.Files {
		if err := f.validate(); err != nil {
			return err
		}
	}
	return w.validateServices()
}

func (f File) validate() error {
	switch {
	case !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path:
		return fmt.Errorf("files: path %q is not an absolute path", f.Path)
	case f.Mode&^fs.ModePerm != 0 || f.Mode == 0:
		return fmt.Errorf("files: mode of %s: want three or four octal digits", f.Path)
	case f.Check != "" && !strings.Contains(f.Check, "%s"):
		return fmt.Errorf("files: check of %s has no %%s, which stands for the file with the new content", f.Path)
	}
	return nil
}

func (w Wanted) validateServices() error {
	seen := map[string]bool{}
	for _, s := range w.Services {
		switch {
		case !serviceName.MatchString(s.Name):
			return fmt.Errorf("services: name %q: want letters, digits, -, _ and .", s.Name)
		case seen[s.Name]:
			return fmt.Errorf("services: %s is there twice", s.Name)
		case len(s.Scripts) > 0 && s.Scripts["run"] == "":
			return fmt.Errorf("services: %s has no script run", s.Name)
		case len(s.Scripts) == 0 && s.Ready == "":
			return fmt.Errorf("services: %s has no scripts, and nothing to wait for", s.Name)
		case s.Renew != Restart && s.Renew != Hup && s.Renew != Never:
			return fmt.Errorf("services: renew of %s is %q: want %s, %s or %s", s.Name, s.Renew, Restart, Hup, Never)
		}
		for name := range s.Scripts {
			if !slices.Contains([]string{"run", "finish", "check"}, name) {
				return fmt.Errorf("services: %s: runit knows no script %q; want run, finish or check", s.Name, name)
			}
		}
		seen[s.Name] = true
	}
	for _, name := range w.Removed {
		switch {
		case !serviceName.MatchString(name):
			return fmt.Errorf("removed: name %q: want letters, digits, -, _ and .", name)
		case seen[name]:
			return fmt.Errorf("removed: %s is among services, too", name)
		}
	}
	return nil
}

// Files are the files of s's service directory.
func (s Service) files() map[string]string {
	files := map[string]string{"log/run": "#!/bin/sh\nmkdir -p -m 0750 /var/log/" + s.Name + " && exec svlogd -tt /var/log/" + s.Name + "\n"}
	for name, text := range s.Scripts {
		files[name] = text
	}
	return files
}
