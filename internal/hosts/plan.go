package hosts

import (
	"slices"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
)

// planner makes a plan.
type planner struct {
	Plan
	have    Have
	want    Wanted
	changed map[string]bool // paths of files and programs that change
}

// MakePlan returns the steps from have to want, in their order:
//
//   - daemon.json before the packages, so that dockerd starts with it;
//   - programs before the files that they check, users before files of theirs;
//   - services that are not to be end before others start, which may have their ports;
//   - services in the order given, each one waited for before the next;
//   - rundockd's processes hand over once all services are well: then what the
//     new host.json leads them to works;
//   - resolv.conf last: only a dnsd that answers is asked by the host.
//
// It reads nothing of the host and changes neither have nor want.
func MakePlan(have Have, want Wanted) (Plan, error) {
	p := &planner{have: have, want: want, changed: map[string]bool{}}
	if err := p.docker(); err != nil {
		return Plan{}, err
	}
	p.unbooted()
	p.runsvdir()
	p.programs()
	p.users()
	p.files()
	p.removed()
	p.services()
	p.handOver()
	p.resolver()
	return p.Plan, nil
}

// docker plans packages as well, which are between dockerd's settings and its start.
func (p *planner) docker() error {
	reload, err := p.configure()
	if err != nil {
		return err
	}
	if len(p.have.Missing) > 0 {
		list := strings.Join(p.have.Missing, " ")
		p.add(Install, list, "missing", "packages installed: "+list)
	}
	if p.want.Docker == nil {
		return nil
	}
	d := p.have.Docker
	if d.Runs && reload {
		p.add(Reload, "", "daemon.json has changed", "dockerd told to read daemon.json")
	}
	restart := len(p.Waiting) > 0 && p.want.Docker.Restart && d.Runs
	switch {
	case restart:
		p.add(Reboot, "", "daemon.json: "+strings.Join(p.Waiting, ", "), "dockerd restarted")
	case !d.Runs:
		p.add(Start, "", "it does not run", "dockerd started")
	case !d.Enabled:
		p.add(Start, "", "it is not started at boot", "dockerd enabled")
	}
	if restart || !d.Runs {
		p.Waiting = nil
	}
	if !slices.Equal(p.Waiting, d.Waiting) {
		p.add(Note, strings.Join(p.Waiting, " "), "", "")
	}
	return nil
}

// configure plans daemon.json, and reports whether dockerd has to read it.
func (p *planner) configure() (reload bool, err error) {
	if p.want.Docker == nil {
		return false, nil
	}
	d := p.have.Docker
	after, changed := merged(d.Settings, p.want.Docker.Settings)
	if d.Runs {
		p.Waiting = waiting(d.Waiting, d.Settings, after)
	}
	if !changed && d.DaemonJSON != nil && d.DaemonJSON.Mode == 0o644 {
		return p.have.Pending[Step{Kind: Reload}.key()], nil
	}
	data, err := fstree.IndentedJSON(after, "    ")
	if err != nil {
		return false, err
	}
	if !changed && d.DaemonJSON != nil {
		data = d.DaemonJSON.Data
	}
	p.daemonJSON = data
	p.differs(daemonJSON, d.DaemonJSON, fstree.File{Mode: 0o644, Data: data})
	p.add(Configure, daemonJSON, reason(d.DaemonJSON), daemonJSON+" written")
	return true, nil
}

// unbooted plans that init leaves services to runit, also those that a package
// brings which is installed now.
func (p *planner) unbooted() {
	for _, name := range p.want.Unbooted {
		switch {
		case p.have.Outside[name]:
			p.add(Unboot, name, "it runs without runit", "init's service "+name+" stopped and disabled")
		case p.have.Booted[name]:
			p.add(Unboot, name, "init starts it at boot", "init's service "+name+" disabled")
		case slices.Contains(p.have.Missing, name):
			p.add(Unboot, name, "its package is installed now", "init's service "+name+" disabled")
		}
	}
}

func (p *planner) runsvdir() {
	if p.want.Runsvdir && !p.have.Runsvdir {
		p.add(Supervise, "", "it does not run", "runsvdir started")
	}
}

func (p *planner) programs() {
	for _, want := range p.want.Programs {
		have := p.have.Programs[want.Name]
		if have == want.Hash {
			continue
		}
		p.changed[ProgramDir+want.Name] = true
		p.add(Put, want.Name, module.Choose(have == "", "missing", "another one"), want.Name+module.Choose(have == "", " installed", " replaced"))
	}
}

func (p *planner) users() {
	for _, u := range p.want.Users {
		if !p.have.Users[u.Name] {
			p.add(MakeUser, u.Name, "missing", "user "+u.Name+" made")
		}
	}
}

func (p *planner) files() {
	for _, want := range p.want.Files {
		have := p.have.Files[want.Path]
		if !p.differs(want.Path, have, want.file()) && have.Owner == want.owner() && have.Group == want.group() {
			continue
		}
		p.changed[want.Path] = true
		p.add(Write, want.Path, reason(have), want.Path+" written")
	}
	for _, u := range p.want.Users {
		if len(u.Reads) > 0 {
			p.add(Readable, u.Name, "", "")
		}
	}
}

func (p *planner) handOver() {
	r := p.have.Rundockd
	if r.Running == 0 {
		return
	}
	step := Step{HandOver, "", "", "rundockd's processes handed over"}
	switch {
	case slices.ContainsFunc(processPrograms, func(path string) bool { return p.changed[path] }):
		step.Reason = "the program is replaced"
	case p.changed[hostconfig.Path]:
		step.Reason = hostconfig.Path + " changes"
	case r.Old:
		step.Reason = "a process runs a program that was replaced"
	case p.have.Pending[step.key()]:
		step.Reason = "an earlier run left it out"
	default:
		return
	}
	p.Steps = append(p.Steps, step)
}

func (p *planner) resolver() {
	r := p.want.Resolver
	if r == nil {
		return
	}
	p.add(Answer, r.Zone, "", "")
	if !p.have.Saved && p.have.ResolvConf != nil {
		p.add(Save, savedResolvConf, "missing", resolvConf+" of before saved")
	}
	if r.Write && p.differs(resolvConf, p.have.ResolvConf, r.file()) {
		p.add(Resolve, resolvConf, reason(p.have.ResolvConf), resolvConf+" written")
	}
}

// differs reports whether the file at path has another content or mode, and
// adds that to the diff.
func (p *planner) differs(path string, have *FileState, want fstree.File) bool {
	if have != nil && have.Mode == want.Mode.Perm() && string(have.Data) == string(want.Data) {
		return false
	}
	c := fstree.Change{Path: path[1:], After: &want}
	if have != nil {
		c.Before = &fstree.File{Path: c.Path, Mode: have.Mode, Data: have.Data, Secret: want.Secret}
	}
	p.Diff = append(p.Diff, fstree.Changes{Dir: "/", List: []fstree.Change{c}}.Diff()...)
	return true
}

func reason(have *FileState) string { return module.Choose(have == nil, "missing", "differs") }

// Lacks are the hashes of programs that the plan installs and that were not
// sent to the host.
func (p Plan) Lacks(want Wanted) []string {
	var list []string
	for _, s := range p.Steps {
		if s.Kind != Put {
			continue
		}
		if program := find(want.Programs, s.Name, func(w Program) string { return w.Name }); program.Upload == "" {
			list = append(list, program.Hash)
		}
	}
	return list
}
