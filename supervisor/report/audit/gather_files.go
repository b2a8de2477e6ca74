package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"rundock/internal/hostconfig"
)

// folders are looked at with all that is in them, paths by themselves.
var (
	folders = []string{"/etc/rundock", "/etc/sv", "/etc/runit", "/run/rundock", "/etc/docker", "/root/.docker"}
	paths   = []string{"/etc/service", "/lib/systemd/system/docker.service", "/lib/systemd/system/docker.socket", "/run/docker.sock", "/run/containerd/containerd.sock", "/etc/default/docker",
		hostconfig.Program, "/usr/local/bin/rundock-store", "/usr/local/bin/rundock-render", "/usr/local/bin/rundock-stack", hostconfig.DNSProgram, "/usr/local/bin/previewd", "/usr/local/bin/consul"}
)

func (o *Observation) lookAtFiles() {
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it went meanwhile, or is not to be
			case err != nil:
				o.Unread = append(o.Unread, err.Error())
				return nil
			case d.Name() == "supervise": // runsv's own
				return skipped(d)
			}
			o.stat(path)
			return nil
		})
		if err != nil {
			o.Unread = append(o.Unread, err.Error())
		}
	}
	for _, path := range paths {
		o.stat(path)
	}
	for _, w := range watched {
		o.stat(w.path)
	}
}

// skipped leaves out a folder, or a link.
func skipped(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// stat notes a file that is there.
func (o *Observation) stat(path string) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return
	case err != nil:
		o.Unread = append(o.Unread, err.Error())
		return
	}
	s := info.Sys().(*syscall.Stat_t)
	o.Files[path] = File{Mode: info.Mode(), UID: s.Uid, GID: s.Gid, Owner: ownerOf(s.Uid, s.Gid)}
}

// ownerOf is USER:GROUP, numbers where there is no name.
func ownerOf(uid, gid uint32) string {
	owner, group := strconv.Itoa(int(uid)), strconv.Itoa(int(gid))
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner + ":" + group
}

const daemonJSON = "/etc/docker/daemon.json"

// settings are those of daemon.json, and of the arguments of the dockerd that runs.
func settings() (all map[string]any, bad string) {
	all = map[string]any{}
	data, err := os.ReadFile(daemonJSON)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return all, err.Error()
	case len(strings.TrimSpace(string(data))) == 0:
	default:
		if err := json.Unmarshal(data, &all); err != nil {
			return map[string]any{}, fmt.Sprintf("%s is not a JSON object: %v", daemonJSON, err)
		}
	}
	if all == nil { // it says null
		all = map[string]any{}
	}
	addFlags(all, dockerdArguments())
	return all, ""
}

// addFlags adds dockerd's arguments to its settings. Those that may be given several times are
// lists.
func addFlags(all map[string]any, args []string) {
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			continue
		}
		name = strings.TrimLeft(name, "-")
		if !given && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value, given = args[i], true
		}
		switch {
		case name == "H", name == "host":
			list, _ := all["hosts"].([]any)
			all["hosts"] = append(list, value)
		case name == "l":
			all["log-level"] = value
		case name == "D":
			all["debug"] = true
		case name == "storage-opt", name == "default-ulimit", name == "authorization-plugin":
			list, _ := all[name].([]any)
			all[name] = append(list, value)
		case !given, value == "true":
			all[name] = true
		case value == "false":
			all[name] = false
		default:
			all[name] = value
		}
	}
}
