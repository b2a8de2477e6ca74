package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// builder makes the folders of the cache: build makes bare, prepared and
// packages in dir.
type builder struct {
	dir, release, mirror string
	log                  *os.File
	progress             func(format string, args ...any)
}

func (b builder) build() error {
	bare, prepared, packages := filepath.Join(b.dir, "bare"), filepath.Join(b.dir, "prepared"), filepath.Join(b.dir, "packages")
	b.progress("building the base of all hosts of Debian %s: takes a minute or two, once", b.release)
	if err := b.debootstrap(bare, barePackages...); err != nil {
		return err
	}
	if err := trimBoot(bare); err != nil {
		return err
	}
	if err := copyRecipe("recipe/bare", bare); err != nil {
		return err
	}
	if err := b.isolated("", "cp", "-a", bare, prepared); err != nil {
		return err
	}

	b.progress("fetching the packages that hosts install")
	if err := b.lendNetwork(prepared); err != nil {
		return err
	}
	needed := strings.Join(preparedFor(b.release), " ")
	fetch := "apt-get clean; " + refresh + " && " + install + "--download-only install " + needed + " " + strings.Join(offeredPackages, " ")
	if err := b.isolated(prepared, "sh", "-c", fetch); err != nil {
		return err
	}
	if err := b.repository(prepared, packages); err != nil {
		return err
	}

	b.progress("installing what prepared hosts have")
	if err := b.isolated(prepared, "sh", "-c", install+"--no-download install "+needed); err != nil {
		return err
	}
	// rundock has its own store, and its image registry runs under runit. Releases
	// after bookworm have etcd start by systemd alone.
	if err := b.isolated(prepared, "sh", "-c", "for s in etcd docker-registry; do [ ! -e /etc/init.d/$s ] || update-rc.d $s disable || exit; done"); err != nil {
		return err
	}
	if err := copyRecipe("recipe/prepared", prepared); err != nil {
		return err
	}
	for _, path := range []string{"usr/sbin/policy-rc.d", "etc/apt/apt.conf.d/90"} {
		if err := os.Remove(filepath.Join(prepared, path)); err != nil {
			return err
		}
	}
	for _, dir := range []string{bare, prepared} {
		if err := b.isolated(dir, "sh", "-c", "apt-get clean; rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/*.log /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus"); err != nil {
			return err
		}
		for _, path := range []string{"etc/resolv.conf", "etc/hosts", "etc/hostname", "etc/apt/sources.list"} {
			if err := os.Remove(filepath.Join(dir, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// debootstrap makes root a Debian of the release with few packages but those
// given.
func (b builder) debootstrap(root string, packages ...string) error {
	argv := []string{"debootstrap", "--variant=minbase"}
	if len(packages) > 0 {
		argv = append(argv, "--include="+strings.Join(packages, ","))
	}
	argv = append(argv, b.release, root, b.mirror)
	// It knows releases by a script each, all of them links to that of sid,
	// and has none yet for those after its own.
	const scripts = "/usr/share/debootstrap/scripts/"
	if !exists(scripts + b.release) {
		argv = append(argv, scripts+"sid")
	}
	return b.isolated("", argv...)
}

// lendNetwork lets apt in root reach the archive as this machine does, and
// start no service.
func (b builder) lendNetwork(root string) error {
	for path, text := range map[string]string{
		"etc/apt/sources.list":  fmt.Sprintf("deb %s %s main\n", b.mirror, b.release),
		"usr/sbin/policy-rc.d":  "#!/bin/sh\nexit 101\n",
		"etc/resolv.conf":       machineFile("/etc/resolv.conf"),
		"etc/hosts":             machineFile("/etc/hosts"),
		"etc/apt/apt.conf.d/90": machineAptProxy(),
	} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// repository moves the packages that apt has fetched into root to the folder
// packages and writes the index of a flat repository there.
func (b builder) repository(root, packages string) error {
	if err := os.Mkdir(packages, 0o755); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(root, "var/cache/apt/archives/*.deb"))
	if err != nil {
		return err
	}
	index, err := exec.Command("chroot", root, "apt-cache", "dumpavail").Output()
	if err != nil {
		return fmt.Errorf("read apt's package list: %w", err)
	}
	var names []string
	for _, deb := range debs {
		name := filepath.Base(deb)
		names = append(names, name)
		if err := os.Link(deb, filepath.Join(packages, servedName(name))); err != nil {
			return err
		}
	}
	list, err := flatIndex(string(index), names)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(packages, "Packages"), []byte(list), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(packages, "Release"), []byte(flatRelease(list)), 0o644)
}

// isolated runs a command, in root if that is not empty, that cannot leave a
// mount or process behind: it dies with this program.
func (b builder) isolated(root string, argv ...string) error {
	// The kernel ties Pdeathsig to the thread that forks.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	script := `exec "$@"`
	if root != "" {
		script = `mount -t proc proc "$root/proc" && exec chroot "$root" "$@"`
	}
	cmd := exec.Command("unshare", append([]string{"--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--", "sh", "-c", script, "sh"}, argv...)...)
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root", "root=" + root,
		"http_proxy=" + os.Getenv("http_proxy"), "https_proxy=" + os.Getenv("https_proxy"), "no_proxy=" + os.Getenv("no_proxy"),
	}
	cmd.Stdout, cmd.Stderr = b.log, b.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	fmt.Fprintf(b.log, "+ %s\n", strings.Join(argv, " "))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	return nil
}

// machineFile returns a file of this machine, "" if it has none.
func machineFile(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// machineAptProxy returns this machine's apt settings for reaching the
// archive.
func machineAptProxy() string {
	out, err := exec.Command("apt-config", "dump", "Acquire::http", "Acquire::https").Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// copyRecipe writes the files of the embedded folder from over those in root.
// A file's mode is 0644, or 0755 if it starts with #!.
func copyRecipe(from, root string) error {
	return fs.WalkDir(recipe, from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := filepath.Join(root, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(at, 0o755)
		}
		text, err := recipe.ReadFile(path)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(string(text), "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(at, text, mode); err != nil {
			return err
		}
		return os.Chmod(at, mode)
	})
}

// hardwareScripts are Debian's boot scripts that would touch the machine
// below: its disks, its clock, its screen, its kernel's mounts and devices. Not
// every release has each.
var hardwareScripts = []string{
	"bootlogs", "brightness", "checkfs.sh", "checkroot-bootclean.sh", "checkroot.sh", "hwclock.sh", "mount-configfs",
	"mountall-bootclean.sh", "mountall.sh", "mountdevsubfs.sh", "mountkernfs.sh", "mountnfs-bootclean.sh", "mountnfs.sh",
	"udev", "umountfs", "umountnfs.sh", "umountroot", "urandom",
}

// trimBoot takes away what hardwareScripts do. They stay as names in the boot
// order, since insserv refuses packages whose order misses one.
func trimBoot(root string) error {
	for _, name := range hardwareScripts {
		path := filepath.Join(root, "etc/init.d", name)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		header := lsbHeader(string(text))
		if header == "" {
			return fmt.Errorf("trim %s: it has no LSB header", path)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+header+"exit 0\n"), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// lsbHeader returns the comment block by which insserv orders a script.
func lsbHeader(script string) string {
	const end = "### END INIT INFO\n"
	from, to := strings.Index(script, "### BEGIN INIT INFO\n"), strings.Index(script, end)
	if from < 0 || to < from {
		return ""
	}
	return script[from : to+len(end)]
}

// What apt-get commands in a base begin with, and the one that reads the
// archive's lists: a mirror's copy of a release in the making may be older than
// apt likes.
const (
	install = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "
	refresh = "apt-get -q -o Acquire::Check-Valid-Until=false update"
)
