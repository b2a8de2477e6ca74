package hosts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
)

// Remains is what a machine has of what site.yml and rundock's modules made.
type Remains struct {
	Services  []string // runit services of site.yml and of the modules for templates and load balancers, sorted
	Installed []string // services and overlay networks of modules, which have to be taken away before, sorted
	Resolver  bool     // resolv.conf is dnsd's, and the one before it was kept
	Paths     []string // files and folders that go, in this order
	Authority bool     // the site's authority has its key here
	Store     bool     // data of etcd, which stay
	Balances  bool     // it is a load balancer: switches wait for it
	// ImageRegistries are those of the site of which it is a user, as Docker names them: registry.s.example.com:5000.
	ImageRegistries []string
	Filters         bool // the packet filter has, or had, its settings here: its table may be in the kernel
}

const (
	etcdDir            = "/var/lib/dnsd/etcd"
	siteMark           = "Written by site.yml of rundock"
	balanceJSON        = "/etc/rundock/balance.json"
	filterJSON         = "/etc/rundock/filter.json"
	dockerCertificates = "/etc/docker/certs.d"
	snapshotDir        = "/var/lib/dnsd/snapshot"
)

// leavingPaths are rundock's alone. Programs are last: an earlier step needs them.
var leavingPaths = []string{
	balanceJSON, filterJSON, "/etc/rundock/balance-password", hostconfig.CertificatesDir, "/etc/rundock/overlay", "/etc/rundock/stacks", hostconfig.StackKeyPath, "/etc/rundock/templates", "/etc/rundock/dnsd.conf",
	"/etc/rundock/registry.yml", "/etc/rundock/registry-mirror.yml", "/etc/rundock/image-user", "/etc/rundock/image-users", "/etc/rundock/consul.json", savedResolvConf, hostconfig.InventoryPath, hostconfig.Path,
	snapshotDir, "/var/lib/dnsd-public", hostconfig.StateDir, control.Dir, stampsPath,
	hostconfig.PreviewKeyPath, hostconfig.PreviewDir, ProgramDir + "previewd", ProgramDir + "dnsd", ProgramDir + "rundock-render", ProgramDir + "rundock-stack", ProgramDir + "rundock-store", hostconfig.Program,
}

// LookRemains reads what there is.
func LookRemains() (r Remains, err error) {
	folders, _ := runit.Detect("", "") // without runit's folders there is no service
	entries, err := os.ReadDir(folders.SV)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	for _, e := range entries {
		switch madeBy(folders.Dir(e.Name())) {
		case ofSite:
			r.Services = append(r.Services, e.Name())
		case ofModule:
			r.Installed = append(r.Installed, e.Name())
		}
	}
	for _, path := range leavingPaths {
		if path == control.Dir && len(statusFiles()) > 0 || path != control.Dir && exists(path) {
			r.Paths = append(r.Paths, path)
		}
	}
	now, _ := os.ReadFile(resolvConf)
	r.Resolver = exists(savedResolvConf) && strings.Contains(string(now), siteMark)
	r.Authority, r.Store = exists(filepath.Join(hostconfig.AuthorityDir, "ca.key")), exists(filepath.Join(etcdDir, "data"))
	r.Balances, r.Filters = exists(balanceJSON), exists(filterJSON)
	r.ImageRegistries = imageRegistries(dockerCertificates)
	return r, nil
}

// imageRegistries are those of the site in dir, a folder for each: Docker knows the site's
// authority by it, or it has the name of one and is empty.
func imageRegistries(dir string) (names []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		folder := filepath.Join(dir, e.Name())
		files, err := os.ReadDir(folder)
		registry := strings.HasPrefix(e.Name(), "registry.") && strings.HasSuffix(e.Name(), ":5000")
		mirror := strings.HasPrefix(e.Name(), "mirror.") && strings.HasSuffix(e.Name(), ":5001")
		if ofSiteAuthority(folder) || err == nil && len(files) == 0 && (registry || mirror) {
			names = append(names, e.Name())
		}
	}
	return names
}

// ofSiteAuthority reports whether a folder of dockerCertificates names the site's authority.
func ofSiteAuthority(folder string) bool {
	authority, _ := os.Readlink(filepath.Join(folder, "ca.crt"))
	return authority == filepath.Join(hostconfig.CertificatesDir, "ca.crt")
}

// statusFiles are what is in control.Dir but for locks: calls of modules have them.
func statusFiles() (paths []string) {
	entries, _ := os.ReadDir(control.Dir)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			paths = append(paths, filepath.Join(control.Dir, e.Name()))
		}
	}
	return paths
}

// Who made a service directory.
type maker int

const (
	ofOthers maker = iota
	ofSite
	ofModule
)

// madeBy reads who made a service directory.
func madeBy(dir string) maker {
	script, _ := os.ReadFile(filepath.Join(dir, "run")) // one without is nobody's of ours
	return kindOfService(filepath.Base(dir), string(script), exists(filepath.Join(dir, ".rundock")))
}

// kindOfService says who made the service directory of this name, by its script
// and by whether it lists what a module has written.
func kindOfService(name, script string, listed bool) maker {
	switch {
	case strings.Contains(script, siteMark), strings.Contains(script, hostconfig.Program+" render"):
		return ofSite
	case listed && strings.HasPrefix(name, "docker-"), strings.Contains(script, hostconfig.Program+" overlay run "):
		return ofModule
	}
	return ofOthers
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
