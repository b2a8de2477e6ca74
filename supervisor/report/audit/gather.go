package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/pki"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/certificates"
	"rundock/supervisor/report"
	"rundock/supervisor/report/filter"
)

// patience is how long dockerd may take for all that it is asked.
const patience = 20 * time.Second

// gather sees how the host is. sent are hashes of programs that somebody knows better than the host's
// own notes.
func gather(ctx context.Context, sent map[string]string) Observation {
	o := Observation{Time: time.Now().UTC(), Files: map[string]File{}, Sysctls: map[string]string{}}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		o.Unread = append(o.Unread, err.Error())
	}
	o.Host = host.Host
	if o.Host == "" {
		name, _ := os.Hostname()
		o.Host, _, _ = strings.Cut(strings.ToLower(name), ".")
	}
	o.Private, _ = host.PrivateAddress()
	o.lookAtFiles()
	o.Settings, o.SettingsBad = settings()
	for _, setting := range []string{"tlscacert", "tlscert", "tlskey"} {
		for _, path := range o.list(setting) {
			o.stat(path)
		}
	}
	o.Mounts = mounts()
	o.DockerGroup = groupMembers("docker")
	o.Audited = auditRules()
	o.lookAtSysctls()
	o.askDocker(ctx)
	o.lookAtProcesses()
	o.Programs = programs(sent)
	o.Services = services(host)
	status := filter.StatusOf(filter.Gather())
	o.Filter, o.FilterWanted = status.Problem, status.Wanted
	for _, c := range certificates.Status(o.Time) {
		o.Certificates = append(o.Certificates, Certificate{c.Name, string(c.State) + ": " + c.Text, c.State == pki.Valid, c.Until})
	}
	o.Plain = plain(append(slices.Clone(host.Etcd.Endpoints), host.Consul.Address))
	return o
}

// askDocker asks dockerd about itself and its containers.
func (o *Observation) askDocker(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		err = docker.Ping(ctx)
	}
	if err == nil {
		o.Docker, err = docker.DaemonPosture(ctx)
	}
	if err == nil {
		o.Containers, err = docker.Postures(ctx)
	}
	var known []container.Image
	if err == nil {
		known, err = docker.Images(ctx)
	}
	if err != nil {
		o.DockerBad, o.Containers = report.OneLine(err.Error()), nil
		return
	}
	for i := range o.Containers {
		for _, image := range known {
			if image.ID == o.Containers[i].ImageID {
				o.Containers[i].Digests = image.Digests
			}
		}
	}
}

// services are those of rundock that have a container.
func services(host hostconfig.Config) (all []Service) {
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return nil
	}
	for _, name := range (report.Services{Folders: folders}).Names() {
		runner, announcer := supervisor.Installed(folders.Dir(supervisor.Prefix + name))
		if runner == "" {
			continue
		}
		s, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
		one := Service{Name: name, Image: s.Container.Image, Pin: s.Pin, Announced: announcer != ""}
		if err != nil {
			one.Bad = err.Error()
		}
		all = append(all, one)
	}
	return all
}

// programs are those that site.yml has sent, with their hashes as they are now.
func programs(sent map[string]string) map[string]Program {
	all := map[string]Program{}
	var noted map[string]struct {
		Hash string `json:"sha256"`
	}
	if data, err := os.ReadFile(hostconfig.ProgramHashes); err == nil && json.Unmarshal(data, &noted) == nil {
		for name, n := range noted {
			all[name] = Program{Sent: n.Hash}
		}
	}
	for name, hash := range sent {
		all[name] = Program{Sent: hash}
	}
	for name, p := range all {
		p.Hash, _ = fileHash(filepath.Join(filepath.Dir(hostconfig.Program), name))
		all[name] = p
	}
	return all
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// plain are the addresses of stores without TLS, other than of this host's loopback.
func plain(endpoints []string) (all []string) {
	for _, e := range endpoints {
		u, err := url.Parse(e)
		if err != nil || u.Scheme != "http" || u.Hostname() == "localhost" {
			continue
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.IsLoopback() {
			continue
		}
		all = append(all, e)
	}
	return all
}

// mounts are the paths that something is mounted at.
func mounts() (all []string) {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); len(words) > 4 {
			all = append(all, strings.ReplaceAll(words[4], `\040`, " "))
		}
	}
	return all
}

// groupMembers are the users of a group: those that it names, and those whose own it is.
func groupMembers(group string) (all []string) {
	data, _ := os.ReadFile("/etc/group")
	gid := ""
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == 4 && f[0] == group {
			gid = f[2]
			all = slices.DeleteFunc(strings.Split(f[3], ","), func(name string) bool { return name == "" })
		}
	}
	data, _ = os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(line, ":"); len(f) > 3 && gid != "" && f[3] == gid {
			all = append(all, f[0])
		}
	}
	return all
}

// auditRules are the paths that auditd watches; nil where there is none.
func auditRules() *[]string {
	if _, err := os.Stat("/sbin/auditd"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	paths := []string{}
	files, _ := filepath.Glob("/etc/audit/rules.d/*.rules")
	for _, file := range append(files, "/etc/audit/audit.rules") {
		data, _ := os.ReadFile(file)
		for line := range strings.Lines(string(data)) {
			words := strings.Fields(line)
			for i, w := range words {
				switch {
				case w == "-w" && i+1 < len(words):
					paths = append(paths, words[i+1])
				case w == "-F" && i+1 < len(words):
					for _, field := range []string{"path=", "dir="} {
						if at, ok := strings.CutPrefix(words[i+1], field); ok {
							paths = append(paths, at)
						}
					}
				}
			}
		}
	}
	return &paths
}

// lookAtSysctls reads those that checks look at, of each interface.
func (o *Observation) lookAtSysctls() {
	files, _ := filepath.Glob("/proc/sys/net/ipv4/conf/*/route_localnet")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			o.Sysctls["net.ipv4.conf."+filepath.Base(filepath.Dir(file))+".route_localnet"] = strings.TrimSpace(string(data))
		}
	}
}
