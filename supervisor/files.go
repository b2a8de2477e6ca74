package supervisor

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/supervisor/logger"
)

// Prefix begins the name of every service directory: docker-influxdb.
const Prefix = "docker-"

// SecretsDir is the folder, relative to the runner's, with a file for each of
// Service.Secrets, as chpst -e would read it.
const SecretsDir = "env"

// Folders of the nested layout, relative to the service directory.
const (
	runnerDir    = "services/service"
	announcerDir = "services/announce"
)

// RunnerDir is the folder, relative to the service directory, in which runsv
// supervises the container's runner: "." where there is no sidecar.
// ok is false where s runs no container.
func (s Service) RunnerDir() (dir string, ok bool) {
	switch {
	case !s.Runs():
		return "", false
	case !s.Announced():
		return ".", true
	}
	return runnerDir, true
}

// AnnouncerDir is RunnerDir of the announce sidecar.
func (s Service) AnnouncerDir() (dir string, ok bool) {
	switch {
	case !s.Announced():
		return "", false
	case !s.Runs():
		return ".", true
	}
	return announcerDir, true
}

// Runs reports whether s has a container; an announce-only service has none.
func (s Service) Runs() bool { return s.Container.Image != "" }

// Announced reports whether s has a sidecar.
func (s Service) Announced() bool { return len(s.Announce.Announces) > 0 }

// Files returns the service directory of s, paths relative to
// /etc/sv/docker-<name>. Equal services give equal bytes: what is written is
// what idempotency compares.
//
// With a sidecar there are two inner services, under services/, and run is
// the ordered start and stop of both; without one run is the runner's (or, of
// an announce-only service, the sidecar's).
func Files(s Service) ([]fstree.File, error) {
	if err := CheckName(s.Name); err != nil {
		return nil, fmt.Errorf("service %s: its name %w", s.Name, err)
	}
	if err := s.checkStack(); err != nil {
		return nil, fmt.Errorf("service %s: %w", s.Name, err)
	}
	s = s.Complete()
	s.Version = Version
	runner, runs := s.RunnerDir()
	announcer, announced := s.AnnouncerDir()
	if !runs && !announced {
		return nil, fmt.Errorf("service %s has neither an image nor an announcement", s.Name)
	}
	var files []fstree.File
	if runs {
		data, err := fstree.JSON(s)
		if err != nil {
			return nil, err
		}
		files = append(files,
			fstree.File{Path: path.Join(runner, "run"), Mode: 0o755, Data: runnerScript(s)},
			fstree.File{Path: path.Join(runner, "finish"), Mode: 0o755, Data: finishScript(s)},
			fstree.File{Path: path.Join(runner, "check"), Mode: 0o755, Data: checkScript(s)},
			fstree.File{Path: path.Join(runner, "service.json"), Mode: 0o600, Data: data, Secret: true},
			fstree.File{Path: path.Join(runner, "log/run"), Mode: 0o755, Data: logger.Script(LogDir(s.Name))},
			fstree.File{Path: path.Join(runner, "log/config"), Mode: 0o644, Data: logger.Config(s.Log.Size, s.Log.Keep)},
		)
		for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
			files = append(files, fstree.File{Path: path.Join(runner, SecretsDir, name), Mode: 0o600, Data: []byte(s.Secrets[name]), Secret: true})
		}
	}
	if announced {
		a := s.Announce
		a.Version, a.Service, a.Container = Version, s.Name, runs
		a.Stack, a.Slot = s.Stack, s.Slot
		data, err := fstree.JSON(a)
		if err != nil {
			return nil, err
		}
		files = append(files,
			fstree.File{Path: path.Join(announcer, "run"), Mode: 0o755, Data: announcerScript(s)},
			fstree.File{Path: path.Join(announcer, "finish"), Mode: 0o755, Data: announcerFinishScript()},
			fstree.File{Path: path.Join(announcer, "announce.json"), Mode: 0o644, Data: data},
			fstree.File{Path: path.Join(announcer, "log/run"), Mode: 0o755, Data: logger.Script(LogDir(s.Name) + "/announce")},
			fstree.File{Path: path.Join(announcer, "log/config"), Mode: 0o644, Data: logger.Config(s.Log.Size, s.Log.Keep)},
		)
	}
	if runs && announced {
		files = append(files, fstree.File{Path: "run", Mode: 0o755, Data: bothScript(s)})
	}
	return files, nil
}

// LogDir is where the service's log goes: svlogd's current and its older
// files. The sidecar's log is in the folder announce in it.
func LogDir(name string) string { return "/var/log/" + Prefix + name }

func runnerScript(s Service) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\n# %s: its container. By hand it would be:\n", s.Name)
	comment(&b, s.Container.DockerCommand(s.Name))
	fmt.Fprintf(&b, "# Values of variables are in service.json and %s/.\n", SecretsDir)
	fmt.Fprintf(&b, "exec 2>&1\nexec %s run \"$PWD\"\n", hostconfig.Program)
	return []byte(b.String())
}

// comment writes words as a wrapped comment; words are already quoted, and
// hold no newline.
func comment(b *strings.Builder, words []string) {
	line := "#  "
	for _, w := range words {
		if len(line)+1+len(w) > 100 && line != "#  " {
			b.WriteString(line + " \\\n")
			line = "#     "
		}
		line += " " + w
	}
	b.WriteString(line + "\n")
}

func announcerScript(s Service) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\n# %s: announces", s.Name)
	for i, a := range s.Announce.Announces {
		if i > 0 {
			b.WriteString(",")
		}
		if a.Name != "" {
			b.WriteString(" " + a.Name)
		}
		if a.Port == 0 {
			b.WriteString(" its address")
			continue
		}
		b.WriteString(" port " + strconv.Itoa(a.Port))
	}
	fmt.Fprintf(&b, " while it is healthy.\n")
	fmt.Fprintf(&b, "exec 2>&1\nexec %s announce \"$PWD\"\n", hostconfig.Program)
	return []byte(b.String())
}

// finishScript says in the log why the runner ended: runsv gives finish the
// exit code, or -1 and the signal. A log that takes nothing, as its disk is
// full, must not keep the service from being started.
func finishScript(s Service) []byte {
	return []byte(`#!/bin/sh
# runsv: $1 is the exit code of run, -1 if a signal ended it; then $2 is the signal.
exec 2>&1
say() { timeout 1 printf 'rundock: %s\n' "$1"; }
signal=$((${2:-0} & 127))
case $1,$signal in
0,*) ;;
` + unfinished("stop") + `-1,*) say "runner of ` + s.Name + ` ended by signal $signal; the container stays" ;;
*) say "` + s.Name + ` ended with exit code $1" ;;
esac
`)
}

// announcerFinishScript is that of the sidecar, which says itself why it ends.
func announcerFinishScript() []byte {
	return []byte(`#!/bin/sh
# runsv: $1 is the exit code of run, -1 if a signal ended it; then $2 is the signal.
exec 2>&1
signal=$((${2:-0} & 127))
case $1,$signal in
` + unfinished("withdraw") + `esac
`)
}

// unfinished has the rundockd command do what a process did not get to: one
// that TERM ended was told to stop before it could listen, and what it was to
// end is still there; so it is where one left it to a successor (HUP) which is
// no longer wanted.
func unfinished(command string) string {
	return strings.NewReplacer("RUNDOCKD", hostconfig.Program, "COMMAND", command).Replace(`-1,1) # left to a successor, which has come after 3 s if runsv was not told otherwise
	(
		sleep 3
		read -r stat <supervise/stat
		# A second is down before each start too: only the third last byte of status says that down is wanted.
		case $stat,$(tail -c 3 supervise/status | head -c 1) in down*,d) exec RUNDOCKD COMMAND "$PWD" ;; esac
	) &
	read -r stat <supervise/stat
	case $stat in *want*) exec RUNDOCKD COMMAND "$PWD" ;; esac ;;
-1,15) exec RUNDOCKD COMMAND "$PWD" ;;
`)
}

func checkScript(s Service) []byte {
	return []byte("#!/bin/sh\n# sv check: whether the container runs.\nexec " + hostconfig.Program + " check " + s.Name + "\n")
}

// bothScript starts the inner services and stops them in order: first the
// sidecar (withdraw, drain), then the container.
func bothScript(s Service) []byte {
	announcer := s.Announce.Drain + 10 // the store is given some seconds to take the withdrawal
	runner := cmp.Or(s.StopTimeout, DefaultStopTimeout) + 15
	return fmt.Appendf(nil, `#!/bin/sh
# %[1]s: the container (services/service) and its sidecar (services/announce).
exec 2>&1

# TERM: withdraw, drain, stop the container. The nested runsvdir goes first,
# or it would start again what is stopped here; by KILL, as in its first second
# it heeds TERM only after it has started both.
stop() {
	trap '' TERM HUP
	[ -z "$!" ] || { kill -9 "$!"; wait "$!"; }
	sv -w %[2]d shutdown "$PWD/services/announce"
	sv -w %[3]d shutdown "$PWD/services/service"
	exit 0
}

# HUP: leave; the container and its announcement stay for a successor.
leave() {
	trap '' TERM HUP
	[ -z "$!" ] || { kill -9 "$!"; wait "$!"; }
	%[4]s reap "$PWD/services"
	exit 0
}
trap stop TERM
trap leave HUP

# What a killed predecessor left makes way; the container and its
# announcement stay.
for s in services/service services/announce; do
	if [ -e $s/supervise/lock ] && ! flock -n $s/supervise/lock true; then
		%[4]s reap "$PWD/services"
		break
	fi
done

runsvdir -P services &
nested=$!
while kill -0 "$nested" 2>/dev/null; do wait "$nested"; done
`, s.Name, announcer, runner, hostconfig.Program)
}

// DefaultStopTimeout is Docker's own: seconds between TERM and KILL.
const DefaultStopTimeout = 10
