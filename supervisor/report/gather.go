package report

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/announcing"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// askPatience is how long dockerd, etcd and dnsd each may take to answer a
// person: one that hangs must not hang the command that is to tell so.
const askPatience = 3 * time.Second

// gatherer finds out facts. Whatever cannot be found out becomes a trouble.
type gatherer struct {
	host    hostFacts
	config  hostconfig.Config
	folders runit.Folders
	docker  *container.Client // nil: it cannot be asked
	etcd    registry.Store    // nil: it cannot be asked
}

// newGatherer finds out about the host by its files.
func newGatherer() *gatherer {
	g := &gatherer{}
	h := &g.host
	h.Now, h.Root = time.Now(), os.Geteuid() == 0
	var err error
	if g.config, err = hostconfig.Load(hostconfig.Path); err != nil {
		h.Config = troubleOf(err)
	} else {
		h.Host, h.Zone, h.Endpoints = g.config.Host, g.config.Zone(), g.config.Etcd.Endpoints
	}
	if g.folders, err = runit.Detect(g.config.Runit.SV, g.config.Runit.Service); err != nil {
		h.Runit = troubleOf(err)
	} else {
		h.Service, h.Scanned = g.folders.Service, len(runit.Scanners(g.folders.Service)) > 0
	}
	machine, _ := os.ReadFile("/etc/machine-id")
	h.MachineID = strings.TrimSpace(string(machine))
	return g
}

// close ends what was opened.
func (g *gatherer) close() {
	if g.etcd != nil {
		g.etcd.Close()
	}
}

// names lists the services of the host: installed, enabled, or with a status.
// Folders of that prefix that rundock did not write are left out.
func (g *gatherer) names() []string {
	var names []string
	// None where a folder cannot be read.
	installed, _ := os.ReadDir(g.folders.SV)
	for _, e := range installed {
		if name, ok := strings.CutPrefix(e.Name(), supervisor.Prefix); ok && ours(g.folders.Dir(e.Name())) {
			names = append(names, name)
		}
	}
	status, _ := os.ReadDir(control.Dir)
	for _, e := range status {
		if g.traces(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// known reports whether there is anything of a service of this name.
func (g *gatherer) known(name string) bool {
	_, err := os.Lstat(g.folders.Dir(supervisor.Prefix + name))
	return err == nil || g.traces(name)
}

// traces reports whether a service of this name has a status.
func (g *gatherer) traces(name string) bool {
	for _, f := range []string{"runner.json", "announce.json"} {
		if _, err := os.Stat(filepath.Join(control.Dir, name, f)); err == nil {
			return true
		}
	}
	return false
}

// ours reports whether rundock wrote the service directory dir; one that may
// not be looked into counts as ours.
func ours(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".rundock"))
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// gather finds out about the services named: by files, then from dockerd and
// etcd, each asked within askPatience.
func (g *gatherer) gather(ctx context.Context, names []string) []serviceFacts {
	services := make([]serviceFacts, len(names))
	deserted := runit.Deserted(g.folders.SV)
	for i, name := range names {
		services[i] = g.byFiles(name)
		services[i].Deserted = within(services[i].Dir, deserted)
	}
	var asking sync.WaitGroup
	asking.Go(func() { g.askDocker(ctx, services) })
	asking.Go(func() { g.askRegistry(ctx, services) })
	asking.Wait()
	g.lookAtNetworks(services)
	return services
}

// byFiles is what files tell of a service.
func (g *gatherer) byFiles(name string) serviceFacts {
	full := supervisor.Prefix + name
	s := serviceFacts{Name: name, Dir: g.folders.Dir(full)}
	if _, err := os.Lstat(s.Dir); err == nil {
		s.Installed, s.Ours = true, ours(s.Dir)
	}
	if !g.host.Runit.is() {
		enabled, err := g.folders.Enabled(full)
		s.Enabled, s.Link = enabled, troubleOf(err)
		s.Held = g.folders.HeldDisabled(full)
	}
	runner, announcer := supervisor.Installed(s.Dir)
	s.Runs, s.Announced = runner != "", announcer != ""
	s.Outer = processOf(s.Dir)
	if s.Runs {
		service, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
		if err == nil {
			s.Image, s.Hash, s.Pin, s.Shares = service.Container.Image, service.Container.Hash(), service.Pin, service.Container.Shares()
			s.MadeFrom, s.Contents = madeFrom(service)
		}
		s.Files = troubleOf(err)
		s.Runner = processOf(runner)
		s.Down = s.Down || exists(filepath.Join(runner, "down"))
	}
	if s.Announced {
		if _, err := supervisor.ReadAnnounce(filepath.Join(announcer, "announce.json")); err != nil {
			s.Files = troubleOf(err)
		}
		s.Announcer = processOf(announcer)
		s.Down = s.Down || exists(filepath.Join(announcer, "down"))
	}
	s.Down = s.Down || exists(filepath.Join(s.Dir, "down"))
	g.compareFiles(&s)
	var err error
	s.Says, err = control.ReadRunner(control.Dir, name)
	s.SaysTrouble, s.RunnerLives = troubleOf(err), s.Says.PID != 0 && process.IsRundockd(s.Says.PID, "run")
	s.Tells, err = control.ReadAnnounce(control.Dir, name)
	s.TellsTrouble, s.AnnouncerLive = troubleOf(err), s.Tells.PID != 0 && process.IsRundockd(s.Tells.PID, "announce")
	if _, err := os.Lstat(filepath.Join(s.Dir, ".rundock")); errors.Is(err, fs.ErrPermission) {
		// Then what it has, its status must tell.
		s.Files, s.Runs, s.Announced = troubleOf(err), s.Says.PID != 0, s.Tells.PID != 0
	}
	return s
}

// madeFrom is which files the container of service is made from, and what they
// hold now, which root alone can tell.
func madeFrom(service supervisor.Service) (files []string, contents string) {
	files = service.Container.Files()
	if len(files) == 0 {
		return nil, ""
	}
	salt, err := supervisor.Salt(supervisor.StateDir, true)
	if err != nil {
		return files, ""
	}
	return files, supervisor.Contents(salt, service.Name, service.Container)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// processOf is what the runsv of dir says.
func processOf(dir string) supervised {
	up, err := runit.Supervised(dir)
	if err != nil || !up {
		return supervised{Trouble: troubleOf(err)}
	}
	status, err := runit.ReadStatus(dir)
	return supervised{Supervised: true, Trouble: troubleOf(err), Status: status}
}

// askDocker fills in the containers.
func (g *gatherer) askDocker(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		err = docker.Ping(ctx)
	}
	if err != nil {
		g.host.Docker = silence(ctx, "dockerd", err)
		return
	}
	g.docker = docker
	failures := make([]error, len(services))
	var asking sync.WaitGroup
	places := make(chan struct{}, 8) // dockerd does not answer faster for being asked more at once
	for i := range services {
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			s := &services[i]
			s.Container, failures[i] = docker.Inspect(ctx, s.Name)
			if failures[i] == nil && s.Container.Exists {
				s.Origins.Partners, failures[i] = docker.Partners(ctx, s.Shares)
			}
		})
	}
	asking.Wait()
	if err := firstError(failures); err != nil {
		g.host.Docker, g.docker = silence(ctx, "dockerd", err), nil
	}
}

// silence is troubleOf err, in plain words where who did not answer in time.
func silence(ctx context.Context, who string, err error) trouble {
	if ctx.Err() != nil {
		return trouble{Text: who + " does not answer within " + askPatience.String()}
	}
	return troubleOf(err)
}

// firstError returns the first error there is.
func firstError(errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// askRegistry fills in the records of the services that are announced.
func (g *gatherer) askRegistry(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var keys []string
	needed := false
	for _, s := range services {
		needed = needed || s.Announced
		for _, r := range s.Tells.Records {
			keys = append(keys, r.Key)
		}
	}
	if !needed || g.host.Config.is() {
		return
	}
	if len(keys) == 0 {
		keys = []string{"/skydns"} // whether it answers at all
	}
	etcd, err := open.Store(g.config, slog.New(slog.DiscardHandler))
	if err != nil {
		g.host.Registry = troubleOf(err)
		return
	}
	g.etcd = etcd
	found, err := etcd.Read(ctx, keys)
	if err != nil {
		g.host.Registry = silence(ctx, "etcd at "+strings.Join(g.host.Endpoints, ", "), err)
		return
	}
	for i := range services {
		for range services[i].Tells.Records {
			services[i].Records = append(services[i].Records, recordFacts{Found: found[0]})
			found = found[1:]
		}
	}
}

// deepen finds out what explain tells besides.
func (g *gatherer) deepen(ctx context.Context, s *serviceFacts) {
	s.Deep = true
	g.host.Resolver = firstNameServer("/etc/resolv.conf")
	s.LastLog = lastMessages(supervisor.LogDir(s.Name), 5)
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var asking sync.WaitGroup
	asking.Go(func() { g.askLeases(ctx, s) })
	asking.Go(func() { g.askVolumes(ctx, s) })
	asking.Go(func() { g.askDNS(ctx, s) })
	asking.Go(func() { g.tryChecks(ctx, s) })
	asking.Go(func() { g.askResolvers(ctx) })
	asking.Go(func() { g.askOthers(ctx, s) })
	if g.docker != nil && s.Image != "" {
		asking.Go(func() { s.Means, _ = g.docker.Means(ctx, s.Image) })
	}
	asking.Wait()
}

// compareFiles finds out which files are missing of those once written, and
// which are not as this rundockd writes them for what service.json and
// announce.json say: edited by hand, or written by another release.
func (g *gatherer) compareFiles(s *serviceFacts) {
	if s.Files.is() || !s.Runs && !s.Announced {
		return
	}
	service, err := supervisor.ReadInstalled(s.Dir)
	var files []fstree.File
	if err == nil {
		files, err = supervisor.Files(service)
	}
	var changes fstree.Changes
	if err == nil {
		changes, err = fstree.Apply(s.Dir, files, true)
	}
	var written []string
	if err == nil {
		written, err = fstree.Owned(s.Dir)
	}
	if s.Files = troubleOf(err); err != nil {
		return
	}
	s.FileCount = len(files)
	for _, c := range changes.List {
		if c.Before == nil && slices.Contains(written, c.Path) {
			s.Missing = append(s.Missing, c.Path)
		} else {
			s.Edited = append(s.Edited, c.Path)
		}
	}
	if service.Runs() {
		full, from, err := servicecontainer.Expand(service.Container)
		s.Resolvers, s.Expand = full.DNS, troubleOf(err)
		s.Origins.Addresses, s.Origins.Resolver = from.Addresses, from.Resolver
	}
}

// askLeases fills in how long the records live on.
func (g *gatherer) askLeases(ctx context.Context, s *serviceFacts) {
	for i := range s.Records {
		r := &s.Records[i]
		if r.Lease == "" {
			continue
		}
		left, err := g.etcd.Left(ctx, r.Lease)
		if err != nil {
			g.host.Registry = troubleOf(err)
			return
		}
		r.Left = left
	}
}

// askVolumes fills in what the container keeps where no volume is.
func (g *gatherer) askVolumes(ctx context.Context, s *serviceFacts) {
	runner, _ := supervisor.Installed(s.Dir)
	if g.docker == nil || runner == "" {
		return
	}
	service, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
	if err != nil {
		return // s.Files says it
	}
	// That dockerd does not answer is said of the container.
	s.Unkept, _ = g.docker.Unkept(ctx, s.Container, service.Container)
}

// tryChecks makes the sidecar's checks once.
func (g *gatherer) tryChecks(ctx context.Context, s *serviceFacts) {
	if !s.Announced || !s.Enabled || g.host.Config.is() || s.Runs && g.docker == nil {
		return
	}
	_, announcer := supervisor.Installed(s.Dir)
	wanted, err := supervisor.ReadAnnounce(filepath.Join(announcer, "announce.json"))
	if err != nil {
		return // s.Files says it
	}
	cfg, err := announcing.Config(wanted, g.config)
	if err != nil {
		s.Checks = []announce.Trial{{What: "its address", Failure: err.Error()}}
		return
	}
	s.Checks = cfg.Try(ctx, announcing.Instance(s.Container))
}

// lastMessages are the last n lines of an svlogd folder, without their times.
func lastMessages(dir string, n int) []string {
	lines, err := readLog(dir, logWanted{last: n})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []string{"(" + err.Error() + ")"}
	}
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Text)
	}
	return texts
}
