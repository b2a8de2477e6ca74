package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Ansible is a Debian release's own ansible-core, with the Python and ssh it
// needs, in a root of its own: the machine's package manager knows nothing of
// it.
type Ansible struct {
	root string
}

// Ansible returns the ansible-core of a Debian release, which is fetched into
// the cache when it is not there yet. trixie has 2.19, forky 2.22 at the time
// of writing; a cached one stays as it is.
func (l *Lab) Ansible(release string) (Ansible, error) {
	root, err := l.cached("ansible-"+release, release, func(b builder) error {
		b.progress("fetching Ansible of Debian %s: takes a minute or two, once", release)
		if err := b.debootstrap(b.dir); err != nil {
			return err
		}
		if err := b.lendNetwork(b.dir); err != nil {
			return err
		}
		return b.isolated(b.dir, "sh", "-c", refresh+" && "+install+"install ansible-core openssh-client && apt-get clean && rm -r /var/lib/apt/lists")
	})
	return Ansible{root}, err
}

// enterRoot starts a command in a root that has the machine's folders, except
// those of programs and settings.
const enterRoot = `set -e
for d in /*; do
	case $d in /bin|/sbin|/lib*|/usr|/etc) continue ;; esac
	if [ -d "$d" ] && [ ! -L "$d" ]; then mkdir -p "$0$d"; mount --rbind "$d" "$0$d"; fi
done
for f in /etc/passwd /etc/group /etc/hosts; do mount --bind $f "$0$f"; done
exec chroot "$0" /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"`

// Command is a command of this Ansible, such as ansible-playbook, that runs
// in folder dir of the machine. Files and settings of the machine's own
// Ansible in /etc do not count.
func (a Ansible) Command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	argv := append([]string{"--mount", "--propagation", "private", "sh", "-c", enterRoot, a.root, name}, args...)
	cmd := exec.CommandContext(ctx, "unshare", argv...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	return cmd
}

// Version is the version of this Ansible's ansible-core, such as 2.19.11.
func (a Ansible) Version() (string, error) {
	const before, after = "usr/lib/python3/dist-packages/ansible_core-", ".dist-info"
	found, err := filepath.Glob(filepath.Join(a.root, before+"*"+after))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("find the version of ansible-core in %s: there is %q", a.root, found)
	}
	return strings.TrimSuffix(strings.TrimPrefix(found[0], filepath.Join(a.root, before)), after), nil
}
