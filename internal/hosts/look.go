package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
)

// Look reads how the host is, as far as want asks. It executes nothing.
func Look(want Wanted) (have Have, err error) {
	if len(want.Packages) > 0 {
		status, err := os.ReadFile(dpkgStatus)
		if err != nil {
			return have, fmt.Errorf("see which packages are installed: %w", err)
		}
		have.Missing = missing(status, want.Packages)
	}
	names, err := readNames()
	if err != nil {
		return have, err
	}
	if want.Docker != nil {
		if have.Docker, err = lookDocker(names); err != nil {
			return have, err
		}
	}
	if data, err := os.ReadFile(pendingPath); err == nil {
		if have.Pending, err = readPending(data); err != nil {
			return have, err
		}
	}
	if have.Programs, err = lookPrograms(want.Programs); err != nil {
		return have, err
	}
	if err := lookFiles(want, names, &have); err != nil {
		return have, err
	}
	return have, lookServices(want, &have)
}

// lookFiles reads users, files and resolv.conf.
func lookFiles(want Wanted, names names, have *Have) (err error) {
	have.Users = map[string]bool{}
	for _, u := range want.Users {
		_, have.Users[u.Name] = names.users[u.Name]
	}
	have.Files = map[string]*FileState{}
	for _, f := range want.Files {
		if have.Files[f.Path], err = lookFile(f.Path, names); err != nil {
			return err
		}
	}
	if want.Resolver == nil {
		return nil
	}
	if have.ResolvConf, err = lookFile(resolvConf, names); err != nil {
		return err
	}
	saved, err := lookFile(savedResolvConf, names)
	have.Saved = saved != nil
	return err
}

// lookFile reads one file; nil where there is none. What is no regular file has
// mode 0, so that it is replaced; a folder is an error.
func lookFile(path string, names names) (*FileState, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is to be a file, and is a folder", path)
	case !info.Mode().IsRegular():
		data, _ := os.ReadFile(path) // a link to nowhere has none
		return &FileState{Data: data}, nil
	}
	s := FileState{Mode: info.Mode().Perm()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Owner, s.Group = nameOf(names.users, int(stat.Uid)), nameOf(names.groups, int(stat.Gid))
	}
	s.Data, err = os.ReadFile(path)
	return &s, err
}

// lookServices reads how runit's services stand, and rundockd's processes.
func lookServices(want Wanted, have *Have) error {
	folders, err := runit.Detect("", "")
	if err != nil {
		folders = runit.Folders{SV: "/etc/sv", Service: "/etc/service"} // as runit's package makes them
	}
	have.Runsvdir = err == nil && len(runit.Scanners(folders.Service)) > 0
	if err := lookUnbooted(want, folders, have); err != nil {
		return err
	}
	have.Services = map[string]ServiceState{}
	for _, s := range want.Services {
		if have.Services[s.Name], err = lookService(folders, s); err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
	}
	have.Surplus = map[string]bool{}
	for _, name := range want.Removed {
		have.Surplus[name] = madeBy(folders.Dir(name)) == ofSite
	}
	have.Rundockd = lookRundockd(folders)
	return nil
}

func lookService(folders runit.Folders, want Service) (s ServiceState, err error) {
	dir := folders.Dir(want.Name)
	if len(want.Scripts) > 0 {
		if s.Changes, err = fstree.Apply(dir, serviceFiles(want), true); err != nil {
			return s, err
		}
	}
	if s.Enabled, err = folders.Enabled(want.Name); err != nil {
		return s, err
	}
	p, err := module.Watch(dir)
	if err != nil {
		return s, err
	}
	s.Supervised = p.Supervised
	s.Stale = p.OlderThan(dir, startScripts...)
	s.OldProgram = p.Supervised && p.Status.PID != 0 && module.ProgramReplaced(p.Status.PID)
	s.Settled = p.Up() && p.Status.State == runit.Run && time.Since(p.Status.Since) > settled
	return s, nil
}

func serviceFiles(s Service) []fstree.File {
	var files []fstree.File
	for path, text := range s.files() {
		files = append(files, fstree.File{Path: path, Mode: 0o755, Data: []byte(text)})
	}
	return files
}

// servesImages reports whether a process is rundockd images, which `rundockd handover` leaves alone, as a
// successor would cut off pulls: it runs the program with which it began.
func servesImages(process string) bool {
	data, err := os.ReadFile(process + "/cmdline")
	words := strings.Split(string(data), "\x00")
	return err == nil && len(words) > 1 && words[1] == "images"
}

// lookRundockd finds the processes of rundockd's programs that runit supervises: in a service's folder, or in one of its services.
func lookRundockd(folders runit.Folders) (r RundockdState) {
	for _, pattern := range []string{"*/supervise/pid", "*/services/*/supervise/pid"} {
		files, _ := filepath.Glob(filepath.Join(folders.Service, pattern))
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			process := "/proc/" + strings.TrimSpace(string(data))
			program, err := os.Readlink(process + "/exe")
			program, old := strings.CutSuffix(program, " (deleted)")
			if err == nil && slices.Contains(processPrograms, program) && !servesImages(process) {
				r.Running++
				r.Old = r.Old || old
			}
		}
	}
	return r
}
