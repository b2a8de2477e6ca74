// Package params is what a call of rundock_host takes, as ansible-doc shows it, and the
// machine that it asks for.
package params

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"reflect"
	"strconv"

	"rundock/internal/ansible"
	"rundock/internal/hosts"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_host",
	Root:   true,
	Short:  "Make a Debian machine a rundock host: packages, Docker, programs, runit services",
	Description: []string{
		"Packages, dockerd's settings, programs, users, files, runit services and resolv.conf of a host, by one plan and in one call. C(playbooks/site.yml) calls it with what the inventory says.",
		"A call that changes nothing executes nothing and takes one round trip. Check mode reports what a call would do. The host needs no Python.",
		"Programs travel compressed, and only where the host has another content; hosts in parallel share one compressing.",
		"What a call that failed halfway has left out, such as the restart of a service whose file is written already, the next call does.",
	},
	Requirements: []string{"Debian or a relative of it, with systemd or sysvinit; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "state", Choices: []string{"ready", "drained", "gone"}, Description: []string{
			"C(ready): the host is as the other parameters say, and is not drained. Unless given, the same, but a host that is drained stays so. What no parameter names stays.",
			"C(drained): its services are withdrawn, drained and stopped, until C(ready); refused where a service would lose its last instance, unless I(force). C(playbooks/drain.yml) calls it.",
			"C(gone): what this module, and C(playbooks/site.yml) by it, made there is taken away, with certificates and keys. Services and overlay networks have to be taken away before, by their modules. C(playbooks/remove-host.yml) does all of it, and has the store forget the host.",
			"With C(drained) and C(gone) none of the parameters below I(timeout) may be given.",
		}},
		{Name: "force", Type: ansible.Bool, Default: false, Description: []string{"With I(state=drained): also where a service loses its last instance, or the store cannot be asked. With I(state=gone): also where the site's authority is, which is left there, and without a word to the store."}},
		{Name: "by", Default: "ansible", Description: []string{"With I(state=drained): who asks for it, as C(rundockd status) tells."}},
		{Name: "timeout", Type: ansible.Int, Default: 600, Description: []string{"With I(state=drained): seconds until all services have stopped, after which the call fails. What is not stopped by then goes on being stopped."}},
		{Name: "facts", Type: ansible.Bool, Default: false, Description: []string{"Return facts of the host as Ansible's setup names them, which needs Python there: host name, architecture, distribution, interfaces and their IPv4 addresses."}},
		{Name: "look", Description: []string{"Shell script that looks at the host, also in check mode; what it prints is returned as C(stdout)."}},
		{Name: "packages", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Debian packages. Those that are missing are installed, without what they only recommend; apt's lists are read anew where they are older than an hour.",
		}},
		{Name: "docker", Type: ansible.Dict, Description: []string{"dockerd runs, now and after a boot."}, Options: []ansible.Param{
			{Name: "settings", Type: ansible.Dict, Default: nil, Description: []string{"Keys of daemon.json. Its other keys stay. dockerd reads at once what it can without a restart."}},
			{Name: "restart", Type: ansible.Bool, Default: false, Description: []string{"Whether dockerd may be restarted for keys that it reads at its start alone. Without it they are listed in the result's C(waiting), in each call until dockerd was restarted."}},
		}},
		{Name: "unbooted", Type: ansible.List, Elements: ansible.Str, Description: []string{"Services of systemd or sysvinit that are runit's: init does not start them at boot, nor their package of the same name when it is installed. One that runs is stopped."}},
		{Name: "runsvdir", Type: ansible.Bool, Default: false, Description: []string{"runit's runsvdir runs, now and after a boot."}},
		{Name: "programs", Type: ansible.List, Elements: ansible.Dict, Description: []string{
			"Programs in C(/usr/local/bin). With another C(rundockd), C(rundock-store) or C(rundock-render) runit's services of rundock hand over.",
		}, Options: []ansible.Param{
			{Name: "name", Required: true, Description: []string{"Its name there."}},
			{Name: "src", Required: true, Description: []string{"The file on the machine that Ansible runs on."}},
			{Name: "test", Default: "--help", Description: []string{"Arguments with which a new one is run before it takes the place of the old one; it has to succeed."}},
			{Name: "sha256", Description: []string{"Set by the action plugin: the hash of I(src)."}},
			{Name: "upload", Description: []string{"Set by the action plugin: where on the host it has put the compressed program."}},
		}},
		{Name: "users", Type: ansible.List, Elements: ansible.Dict, Word: "name", Description: []string{"System users, who cannot log in; each with a group of the same name and the home C(/var/lib/NAME), which is not made."}, Options: []ansible.Param{
			{Name: "name", Required: true, Description: []string{"The name."}},
			{Name: "reads", Type: ansible.List, Elements: ansible.Str, Description: []string{"Files that the user must be able to read; the call fails where not."}},
		}},
		{Name: "files", Type: ansible.List, Elements: ansible.Dict, Description: []string{"Files, which are replaced by rename."}, Options: []ansible.Param{
			{Name: "path", Required: true, Description: []string{"Absolute path."}},
			{Name: "content", Required: true, NoLogIf: "secret", Description: []string{"The content."}},
			{Name: "encoding", Default: plain, Choices: []string{plain, base64Encoded}, Description: []string{"C(base64): I(content) is the content in base64, as a content has to be that is no text."}},
			{Name: "mode", Default: "0644", Description: []string{"Three or four octal digits, in quotes."}},
			{Name: "owner", Description: []string{"A user, root unless given."}},
			{Name: "group", Description: []string{"A group, root unless given."}},
			{Name: "check", Description: []string{"Shell command that judges a new content, which it finds in the file C(%s)."}},
			{Name: "secret", Type: ansible.Bool, Default: false, Description: []string{"Keep the content out of diff and log."}},
		}},
		{Name: "services", Type: ansible.List, Elements: ansible.Dict, Description: []string{"runit services, in the order in which they are started and waited for. A logger is added to each."}, Options: []ansible.Param{
			{Name: "name", Required: true, Description: []string{"Its name."}},
			{Name: "scripts", Type: ansible.Dict, Values: ansible.Str, Description: []string{"C(run), C(finish) and C(check) by name. With another C(run) or C(finish) it is restarted. A service without scripts is somebody else's, and only waited for."}},
			{Name: "reads", Type: ansible.List, Elements: ansible.Str, Description: []string{"Paths of I(files) and I(programs) that it has to take up when they change."}},
			{Name: "renew", Default: hosts.Restart, Choices: []string{hosts.Restart, hosts.Hup, hosts.Never}, Description: []string{"How it takes them up. With C(never) it goes on, also with other scripts, and all takes effect when it starts next."}},
			{Name: "ready", Description: []string{"Shell command that succeeds once the service works. It is waited for, up to a minute, where the service was changed or has just started."}},
		}},
		{Name: "removed", Type: ansible.List, Elements: ansible.Str, Description: []string{"runit services that are not to be there: each is stopped and its directory taken away, before I(services) are started; its log stays. A service that C(site.yml) did not make stays."}},
		{Name: "resolver", Type: ansible.Dict, Description: []string{"dnsd of the host, which has to answer. Where it does not, resolv.conf is put back to what it was before rundock, and the call fails."}, Options: []ansible.Param{
			{Name: "zone", Required: true, Description: []string{"The zone that is asked for."}},
			{Name: "ask", Type: ansible.List, Elements: ansible.Str, Required: true, Description: []string{"Addresses of the host on which it answers."}},
			{Name: "resolv_conf", Type: ansible.Bool, Default: true, Description: []string{"Whether C(/etc/resolv.conf) leads to it. The one before is kept as C(/etc/rundock/resolv.conf.before)."}},
			{Name: "second", Default: "", Description: []string{"Address of another resolver in resolv.conf, which is asked after a second in which dnsd of the host has not answered; empty: none."}},
			{Name: "search", Type: ansible.List, Elements: ansible.Str, Description: []string{"Domains in which the host looks for short names."}},
		}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "package pkg apt", Advice: "say packages"},
		{Names: "daemon_json docker_options", Advice: "say docker: {settings: ...}"},
		{Names: "service", Advice: "say services"},
		{Names: "config host_json", Advice: "host.json is one of files"},
	},
}

// How the content of a file is given.
const (
	plain         = "plain"
	base64Encoded = "base64"
)

// Params are the parameters as given.
type Params struct {
	State    string    `json:"state"`
	Force    bool      `json:"force"`
	By       string    `json:"by"`
	Timeout  int       `json:"timeout"`
	Facts    bool      `json:"facts"`
	Look     string    `json:"look"`
	Packages []string  `json:"packages"`
	Docker   *docker   `json:"docker"`
	Unbooted []string  `json:"unbooted"`
	Runsvdir bool      `json:"runsvdir"`
	Programs []program `json:"programs"`
	Users    []user    `json:"users"`
	Files    []file    `json:"files"`
	Services []service `json:"services"`
	Removed  []string  `json:"removed"`
	Resolver *resolver `json:"resolver"`
}

type docker struct {
	Settings map[string]any `json:"settings"`
	Restart  bool           `json:"restart"`
}

type program struct {
	Name   string `json:"name"`
	Src    string `json:"src"`
	Test   string `json:"test"`
	SHA256 string `json:"sha256"`
	Upload string `json:"upload"`
}

type user struct {
	Name  string   `json:"name"`
	Reads []string `json:"reads"`
}

type file struct {
	Path     string `json:"path"`
	Content  string `json:"content"`
	Encoding string `json:"encoding"`
	Mode     string `json:"mode"`
	Owner    string `json:"owner"`
	Group    string `json:"group"`
	Check    string `json:"check"`
	Secret   bool   `json:"secret"`
}

type service struct {
	Name    string            `json:"name"`
	Scripts map[string]string `json:"scripts"`
	Reads   []string          `json:"reads"`
	Renew   string            `json:"renew"`
	Ready   string            `json:"ready"`
}

type resolver struct {
	Zone       string   `json:"zone"`
	Ask        []string `json:"ask"`
	ResolvConf bool     `json:"resolv_conf"`
	Second     string   `json:"second"`
	Search     []string `json:"search"`
}

// Alone returns an error where another parameter is given than state=drained and
// state=gone take.
func (p Params) Alone() error {
	rest := p
	rest.State, rest.Force, rest.By, rest.Timeout = "", false, "", 0
	if !reflect.DeepEqual(rest, Params{}) {
		return fmt.Errorf("state=%s takes force, by and timeout alone", p.State)
	}
	return nil
}

// Wanted is what p asks for.
func (p Params) Wanted() (hosts.Wanted, error) {
	w := hosts.Wanted{Packages: p.Packages, Unbooted: p.Unbooted, Runsvdir: p.Runsvdir, Removed: p.Removed}
	if p.Docker != nil {
		w.Docker = &hosts.Docker{Settings: p.Docker.Settings, Restart: p.Docker.Restart}
	}
	for _, x := range p.Programs {
		w.Programs = append(w.Programs, hosts.Program{Name: x.Name, Test: x.Test, Hash: x.SHA256, Upload: x.Upload})
	}
	for _, x := range p.Users {
		w.Users = append(w.Users, hosts.User{Name: x.Name, Reads: x.Reads})
	}
	for _, x := range p.Files {
		mode, err := strconv.ParseUint(x.Mode, 8, 32)
		if err != nil {
			return w, fmt.Errorf("files: mode %q of %s: want three or four octal digits", x.Mode, x.Path)
		}
		content := x.Content
		if x.Encoding == base64Encoded {
			data, err := base64.StdEncoding.DecodeString(content)
			if err != nil {
				return w, fmt.Errorf("files: content of %s is not base64", x.Path)
			}
			content = string(data)
		}
		w.Files = append(w.Files, hosts.File{Path: x.Path, Content: content, Mode: fs.FileMode(mode), Owner: x.Owner, Group: x.Group, Check: x.Check, Secret: x.Secret})
	}
	for _, x := range p.Services {
		w.Services = append(w.Services, hosts.Service{Name: x.Name, Scripts: x.Scripts, Reads: x.Reads, Renew: x.Renew, Ready: x.Ready})
	}
	if r := p.Resolver; r != nil {
		w.Resolver = &hosts.Resolver{Zone: r.Zone, Ask: r.Ask, Write: r.ResolvConf, Second: r.Second, Search: r.Search}
	}
	return w, w.Validate()
}
