package hosts

import (
	"errors"
	"maps"
	"slices"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
)

// Apply takes the steps of plan, which was made of have and want, and returns
// those that were taken, in words. On an error the rest is left; another Look,
// MakePlan and Apply does it, also the renewals whose cause was done before.
func Apply(have Have, want Wanted, plan Plan) (done []string, err error) {
	if err := owe(plan.owed()); err != nil {
		return nil, err
	}
	a := &applier{plan, want, have}
	for _, s := range plan.Steps {
		if err := a.take(s); err != nil {
			if len(done) == 0 {
				err = errors.Join(err, owe(slices.Collect(maps.Keys(have.Pending)))) // as before: nothing has changed
			}
			return done, err
		}
		if s.Says != "" {
			done = append(done, s.Says)
		}
	}
	if err := owe(nil); err != nil {
		return done, err
	}
	for _, p := range want.Programs {
		have.Programs[p.Name] = p.Hash
	}
	return done, remember(want.Programs, have.Programs)
}

func (a *applier) take(s Step) error {
	switch s.Kind {
	case Install:
		return install(a.have.Missing, a.want.Unbooted)
	case Configure:
		return put(File{Path: daemonJSON, Content: string(a.plan.daemonJSON), Mode: 0o644, Check: validateDocker})
	case Reload:
		return reloadDocker()
	case Start, Reboot:
		return startDocker(s.Kind == Reboot)
	case Note:
		return fstree.Publish(dockerWaiting, 0o644, []byte(s.Name))
	case Unboot:
		return unboot(s.Name, a.have.Outside[s.Name])
	case Supervise:
		return startRunsvdir()
	case Put:
		return a.putProgram(s.Name)
	case MakeUser:
		return run("useradd", "--system", "--home-dir", "/var/lib/"+s.Name, "--no-create-home", "--shell", "/usr/sbin/nologin", s.Name)
	case Readable:
		return readable(find(a.want.Users, s.Name, func(u User) string { return u.Name }))
	case Write:
		return put(find(a.want.Files, s.Name, func(f File) string { return f.Path }))
	case End:
		return endService(s.Name)
	case HandOver:
		return run(hostconfig.Program, "handover")
	case Answer:
		return a.answers()
	case Save:
		return saveResolvConf()
	case Resolve:
		return putResolvConf(a.want.Resolver.file().Data)
	}
	return applyService(s.Kind, find(a.want.Services, s.Name, func(w Service) string { return w.Name }))
}
