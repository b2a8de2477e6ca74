package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bootOrder says what a host's first process makes of its namespaces.
type bootOrder struct {
	Hostname    string
	Base        string // lower folder of the root
	Disk        string // the host's folder: upper, work, root, docker, containerd
	Hierarchies []hierarchy
}

// boot is the firmware, kernel and initial RAM disk of a host in one: in the
// namespaces it was started in, it makes the root, mounts what a kernel
// offers and becomes /sbin/init. The machine sees none of these mounts, and
// they go with the host's last process.
func boot() error {
	var o bootOrder
	if err := readOrder(&o); err != nil {
		return err
	}
	// The parent has moved this process to the host's cgroup, which is now
	// the root of what the host sees.
	if err := syscall.Unshare(syscall.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("leave the cgroup namespace: %w", err)
	}
	root := filepath.Join(o.Disk, "root")
	if err := mountRoot(o, root); err != nil {
		return err
	}
	if err := mountKernel(o.Hierarchies, root); err != nil {
		return err
	}
	if err := makeDevices(filepath.Join(root, "dev")); err != nil {
		return fmt.Errorf("make devices: %w", err)
	}
	if err := syscall.Sethostname([]byte(o.Hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	// pivot_root(2): with both arguments alike the old root ends up on top.
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := syscall.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot root to %s: %w", root, err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the machine's root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	for fd := range 3 {
		if err := syscall.Dup3(null, fd, 0); err != nil {
			return fmt.Errorf("point descriptor %d to /dev/null: %w", fd, err)
		}
	}
	syscall.CloseOnExec(null)
	err = syscall.Exec("/sbin/init", []string{"init"}, []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/", "TERM=linux",
	})
	return fmt.Errorf("start /sbin/init: %w", err)
}

// mountRoot mounts the host's disk at root.
func mountRoot(o bootOrder, root string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s",
		o.Base, filepath.Join(o.Disk, "upper"), filepath.Join(o.Disk, "work"))
	var err error
	for range 100 {
		// The host's previous life may still be leaving the disk.
		if err = syscall.Mount("overlay", root, "overlay", 0, options); !errors.Is(err, syscall.EBUSY) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("mount overlay (%s) on %s: %w", options, root, err)
	}
	// Docker's own overlays do not stack on an overlay.
	for _, name := range []string{"docker", "containerd"} {
		at := filepath.Join(root, "var/lib", name)
		if err := os.MkdirAll(at, 0o711); err != nil {
			return err
		}
		if err := syscall.Mount(filepath.Join(o.Disk, name), at, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s to %s: %w", filepath.Join(o.Disk, name), at, err)
		}
	}
	return nil
}

// mountKernel mounts the kernel's file systems below root. /run and /tmp are
// lost with power, as on a machine.
func mountKernel(all []hierarchy, root string) error {
	const plain = syscall.MS_NOSUID | syscall.MS_NODEV
	type mount struct {
		path, fstype string
		flags        uintptr
		data         string
	}
	mounts := []mount{
		{"/proc", "proc", plain | syscall.MS_NOEXEC, ""},
		{"/sys", "sysfs", plain | syscall.MS_NOEXEC, ""},
		{"/dev", "tmpfs", syscall.MS_NOSUID, "mode=755"},
		{"/dev/pts", "devpts", syscall.MS_NOSUID | syscall.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"},
		{"/dev/shm", "tmpfs", plain, "mode=1777"},
		{"/dev/mqueue", "mqueue", plain | syscall.MS_NOEXEC, ""},
		{"/run", "tmpfs", plain, "mode=755"},
		{"/run/lock", "tmpfs", plain | syscall.MS_NOEXEC, "mode=1777,size=5m"},
		{"/tmp", "tmpfs", plain, "mode=1777"},
	}
	pure := len(all) == 1 && all[0].Path == "/sys/fs/cgroup"
	if !pure {
		mounts = append(mounts, mount{"/sys/fs/cgroup", "tmpfs", plain | syscall.MS_NOEXEC, "mode=755"})
	}
	for _, h := range all {
		mounts = append(mounts, mount{h.Path, h.Type, plain | syscall.MS_NOEXEC, h.Options})
	}
	for _, m := range mounts {
		at := filepath.Join(root, m.path)
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.fstype, at, m.fstype, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s (%s) on %s: %w", m.fstype, m.data, m.path, err)
		}
	}
	if pure {
		return delegateControllers(filepath.Join(root, "/sys/fs/cgroup"))
	}
	return linkControllers(all, root)
}

// delegateControllers has a host's own group hand its controllers on. cgroups(7), "no
// internal processes": only a group without processes of its own does, except the
// real root.
func delegateControllers(top string) error {
	leaf := filepath.Join(top, "init")
	if err := os.Mkdir(leaf, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0); err != nil {
		return err
	}
	return enableControllers(top)
}

// linkControllers has controllers that are mounted together (cpu,cpuacct) known by each
// name as well.
func linkControllers(all []hierarchy, root string) error {
	for _, h := range all {
		names := strings.Split(h.Options, ",")
		if len(names) < 2 || names[0] == "none" {
			continue
		}
		for _, name := range names {
			at := filepath.Join(root, "/sys/fs/cgroup", name)
			if exists(at) {
				continue
			}
			if err := os.Symlink(filepath.Base(h.Path), at); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeDevices makes the devices of a machine without disks and screen in dev.
// The console swallows what it is given: init's scripts log to a file.
func makeDevices(dev string) error {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	if err := os.Mkdir(filepath.Join(dev, "net"), 0o755); err != nil {
		return err
	}
	for _, d := range []struct {
		name         string
		mode         uint32
		major, minor int
	}{
		{"null", 0o666, 1, 3},
		{"zero", 0o666, 1, 5},
		{"full", 0o666, 1, 7},
		{"random", 0o666, 1, 8},
		{"urandom", 0o666, 1, 9},
		{"tty", 0o666, 5, 0},
		{"console", 0o600, 1, 3},
		{"net/tun", 0o666, 10, 200},
	} {
		path := filepath.Join(dev, d.name)
		if err := syscall.Mknod(path, syscall.S_IFCHR|d.mode, d.major<<8|d.minor); err != nil {
			return &os.PathError{Op: "mknod", Path: path, Err: err}
		}
	}
	for name, target := range map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}
