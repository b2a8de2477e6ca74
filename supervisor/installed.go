package supervisor

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Installed returns the folders of the service directory dir in which the
// container's runner and the sidecar are, "" for the one that is not there.
func Installed(dir string) (runner, announcer string) {
	in := func(inner, file string) string {
		for _, d := range []string{filepath.Join(dir, inner), dir} {
			if _, err := os.Stat(filepath.Join(d, file)); err == nil {
				return d
			}
		}
		return ""
	}
	return in(runnerDir, "service.json"), in(announcerDir, "announce.json")
}

// NameOf is the service whose runner is in the folder dir, by the folder's path; "": it is of none.
func NameOf(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil { // runsv is in /etc/service/NAME
		dir = real
	}
	dir, err := filepath.Abs(dir)
	name, is := strings.CutPrefix(filepath.Base(strings.TrimSuffix(dir, "/"+runnerDir)), Prefix)
	if err != nil || !is || !IsName(name) {
		return ""
	}
	return name
}

// ReadInstalled reads back the service whose files are in dir. It is the
// inverse of Files, but that what it returns is complete (Complete).
func ReadInstalled(dir string) (s Service, err error) {
	if s, err = ReadPublic(dir); err != nil {
		return s, err
	}
	runner, announcer := Installed(dir)
	if runner != "" {
		if s.Secrets, err = ReadSecrets(runner, s.Container.EnvSecrets); err != nil {
			return s, err
		}
	}
	s.Log = readLog(filepath.Join(cmp.Or(runner, announcer), "log/config"))
	return s, nil
}

// ReadPublic is ReadInstalled without what is secret, and without the logs.
func ReadPublic(dir string) (s Service, err error) {
	runner, announcer := Installed(dir)
	if runner == "" && announcer == "" {
		return s, fmt.Errorf("read %s: neither service.json nor announce.json is there", dir)
	}
	if runner != "" {
		if s, err = ReadService(filepath.Join(runner, "service.json")); err != nil {
			return s, err
		}
	}
	if announcer == "" {
		return s, nil
	}
	if s.Announce, err = ReadAnnounce(filepath.Join(announcer, "announce.json")); err != nil {
		return s, err
	}
	s.Name = s.Announce.Service
	if runner == "" { // also of a slot whose installation was killed
		s.Stack, s.Slot = s.Announce.Stack, s.Announce.Slot
	}
	return s, nil
}

// readLog reads what logConfig wrote; whatever else there is, is the default.
func readLog(path string) (l Log) {
	data, _ := os.ReadFile(path)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if n, err := strconv.ParseInt(strings.TrimPrefix(line, "s"), 10, 64); err == nil && line[0] == 's' {
			l.Size = n
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(line, "n")); err == nil && line[0] == 'n' {
			l.Keep = n
		}
	}
	return l
}
