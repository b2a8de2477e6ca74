// Package debian makes Debian packages of rundock's programs: rundockd with what it
// becomes, dnsd, and previewd.
//
// Programs are where site.yml has them, in /usr/local/bin, which the service directories on
// hosts name: a host with the packages of a commit is one to which site.yml of that commit
// sends no program. The bytes of a package depend on the commit and on the programs alone.
//
// Source of the format: deb(5), deb-control(5) and Debian's policy, which has nothing of
// Debian's own in /usr/local; these are not.
package debian

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/checkout"
)

// Package is what a Debian package is made of, besides its scripts in files/.
type Package struct {
	Name     string   // of the package, and of the program that has its man page and completion
	Programs []string // in /usr/local/bin
	Sources  []string // the packages that they are built from
	Needs    string   // Depends; all programs are static
	Goes     string   // Recommends
	Short    string
	Long     string
}

// Packages are all that there are.
var Packages = []Package{
	{
		Name: "rundockd", Programs: []string{"rundock-render", "rundock-stack", "rundock-store", "rundockd"},
		Sources: []string{"./supervisor/rundockd", "./supervisor/rundock-render", "./supervisor/rundock-stack", "./supervisor/rundock-store"},
		Needs:   "runit", Goes: "docker.io | docker-ce",
		Short: "containers as supervised services, announced while they are healthy",
		Long:  "What a host of rundock runs: a runner and a sidecar for each service under runit, the host's connection to its store, templates, overlay networks, load balancer and packet filter.",
	},
	{
		Name: "dnsd", Programs: []string{"dnsd"}, Sources: []string{"./dnsd"}, Needs: "passwd", Goes: "runit | systemd-sysv",
		Short: "DNS from the records of services in etcd or Consul",
		Long:  "It has all records in memory, answers through an outage of the store, and can run the etcd itself. It is started by nothing until it is told its zone.",
	},
	{
		Name: "previewd", Programs: []string{"previewd"}, Sources: []string{"./supervisor/previewd"}, Needs: "rundockd, git", Goes: "docker.io | docker-ce",
		Short: "previews of branches, each at an address of its own",
		Long:  "It builds branches, runs them as stacks of rundock, passes requests on to them and has a page for those who pick branches. site.yml writes its services.",
	},
}

// Source is what packages of one commit are made of.
type Source struct {
	checkout.Checkout
	Programs string            // folder with the programs of this machine's architecture, which are asked for man pages
	Notices  map[string][]byte // by package: licences of what it is linked with
}

// machines are architectures as programs say theirs.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// file is one file of a package.
type file struct {
	path string // in the package, with slashes
	mode os.FileMode
	data []byte
}

// files returns the files of a package that has programs for arch, from the folder bin,
// but for those of dpkg's own.
func (s Source) files(p Package, arch, bin string) (files []file, err error) {
	for _, name := range p.Programs {
		data, err := os.ReadFile(filepath.Join(bin, name))
		if err != nil {
			return nil, fmt.Errorf("read program %s for %s: %w: run make deb", name, arch, err)
		}
		program, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("read program %s for %s: %w", name, arch, err)
		}
		if program.Machine != machines[arch] {
			return nil, fmt.Errorf("%s in %s is for %s, want %s", name, bin, program.Machine, arch)
		}
		files = append(files, file{"usr/local/bin/" + name, 0o755, data})
	}
	doc := "usr/share/doc/" + p.Name + "/"
	for path, args := range map[string][]string{
		"usr/share/man/man8/" + p.Name + ".8.gz":          {"man"},
		"usr/share/bash-completion/completions/" + p.Name: {"completion", "bash"},
		"usr/share/zsh/vendor-completions/_" + p.Name:     {"completion", "zsh"},
	} {
		text, err := checkout.Command(s.Root, nil, filepath.Join(s.Programs, p.Name), args...)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path, 0o644, []byte(text)})
	}
	changes, err := os.ReadFile(filepath.Join(s.Root, "CHANGELOG.md"))
	if err != nil {
		return nil, fmt.Errorf("read what has changed: %w", err)
	}
	files = append(files,
		file{doc + "changelog.gz", 0o644, []byte(s.changelog(p, string(changes)))},
		file{doc + "copyright", 0o644, []byte(s.copyright(p))},
		file{doc + "NOTICES.gz", 0o644, s.Notices[p.Name]},
		file{"usr/share/lintian/overrides/" + p.Name, 0o644, []byte(overrides(p))})
	more, err := s.packaged(p)
	if err != nil {
		return nil, err
	}
	files = append(files, more...)
	for i, f := range files {
		if strings.HasSuffix(f.path, ".gz") {
			if files[i].data, err = compressed(f.data); err != nil {
				return nil, fmt.Errorf("compress %s: %w", f.path, err)
			}
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return files, nil
}
