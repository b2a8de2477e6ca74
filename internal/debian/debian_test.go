package debian

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/checkout"
)

// source is this checkout, with the programs in bin/ that make builds.
func source(t *testing.T) Source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Packages {
		for _, name := range p.Programs {
			if _, err := os.Stat(filepath.Join(root, "bin", name)); err != nil {
				t.Skipf("the programs are not built, by make: %v", err)
			}
		}
	}
	var s Source
	if s.Checkout, err = checkout.Read(root); err != nil {
		t.Fatal(err)
	}
	s.Programs = filepath.Join(root, "bin")
	if s.Notices, err = Licences(root); err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t *testing.T, s Source, p Package, to string) string {
	t.Helper()
	deb, err := Build(s, p, runtime.GOARCH, s.Programs, to)
	if err != nil {
		t.Fatal(err)
	}
	return deb
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%v (make test installs it)", err)
		}
	}
}

func TestPackages(t *testing.T) {
	need(t, "dpkg-deb", "lintian", "runsvdir")
	s := source(t)
	newer := s
	s.Version = "0.0.1-dev.1"
	folder := t.TempDir()
	debs := filepath.Join(folder, "debs")
	if err := os.Mkdir(debs, 0o755); err != nil {
		t.Fatal(err)
	}
	before, after := map[string]string{}, map[string]string{}
	for _, p := range Packages {
		after[p.Name] = build(t, newer, p, debs)
		if before[p.Name] = after[p.Name]; p.Name != "previewd" {
			before[p.Name] = build(t, s, p, debs)
		}
	}
	t.Run("other folders make the same bytes", func(t *testing.T) {
		again := newer
		again.Programs = t.TempDir()
		for _, name := range Packages[1].Programs {
			copied(t, filepath.Join(newer.Programs, name), filepath.Join(again.Programs, name))
		}
		deb := build(t, again, Packages[1], t.TempDir())
		if one, other := read(t, after["dnsd"]), read(t, deb); !bytes.Equal(one, other) {
			t.Errorf("%s has %d bytes, and others than the one of before with %d", filepath.Base(deb), len(other), len(one))
		}
	})
	t.Run("a program of another architecture is refused", func(t *testing.T) {
		_, err := Build(newer, Packages[1], "arm64", newer.Programs, t.TempDir())
		if runtime.GOARCH == "amd64" && (err == nil || !strings.Contains(err.Error(), "is for EM_X86_64, want arm64")) {
			t.Errorf("error %v, want one that names both architectures", err)
		}
	})
	t.Run("lintian finds no error", func(t *testing.T) {
		for _, deb := range after {
			out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error", "--tag-display-limit", "0", deb).CombinedOutput()
			if err != nil {
				t.Errorf("lintian %s: %v\n%s", filepath.Base(deb), err, out)
			} else {
				t.Logf("lintian %s says\n%s", filepath.Base(deb), out)
			}
		}
	})
	if os.Geteuid() != 0 {
		t.Skip("only root can make namespaces")
	}
	b := startBox(t, folder)
	t.Run("installed, they work", func(t *testing.T) { installed(t, b, before) })
	t.Run("upgraded under running services, which hand over", func(t *testing.T) { upgraded(t, b, after) })
	t.Run("a configuration of a newer version stays, and nothing is restarted into it", func(t *testing.T) { newerConfiguration(t, b, after) })
	t.Run("over a half-upgraded one", func(t *testing.T) { halfUpgraded(t, b, before, after) })
	t.Run("removed only when nothing runs by them, and purged but for records and keys", func(t *testing.T) { purged(t, b) })
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, read(t, from), 0o700); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// box is a machine of its own, see testdata.
type box struct{ first string } // its process 1, as this side numbers it

func startBox(t *testing.T, folder string) *box {
	t.Helper()
	script, err := filepath.Abs("testdata/box.sh")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	outer := exec.Command("unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "bash", script, folder)
	outer.Stdout, outer.Stderr = &log, &log
	outer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := outer.Start(); err != nil {
		t.Fatal(err)
	}
	b := &box{}
	t.Cleanup(func() {
		outer.Process.Kill()
		outer.Wait()
		if t.Failed() {
			t.Logf("the box said:\n%s", log.String())
		}
	})
	await.True(t, "runsvdir is process 1 of the box", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", outer.Process.Pid))
		b.first = strings.TrimSpace(string(children))
		name, _ := os.ReadFile("/proc/" + b.first + "/comm")
		return b.first != "" && string(name) == "runsvdir\n"
	})
	return b
}

// run runs a shell script inside.
func (b *box) run(script string) (string, error) {
	cmd := exec.Command("nsenter", "--target", b.first, "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd",
		"env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", script)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (b *box) must(t *testing.T, script string) string {
	t.Helper()
	out, err := b.run(script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// install is dpkg -i. What a package needs is on this machine, or is none of the box's matter.
func (b *box) install(t *testing.T, debs map[string]string, names ...string) string {
	t.Helper()
	script := "dpkg --install --force-depends --force-confold"
	for _, name := range names {
		script += " /debs/" + filepath.Base(debs[name])
	}
	return b.must(t, script+" 2>&1")
}

const conf = `zone = s.prod.example.com
listen = 127.0.0.1:53
embed-etcd = /var/lib/dnsd/etcd
metrics =
`

func installed(t *testing.T, b *box, debs map[string]string) {
	b.install(t, debs, "rundockd", "dnsd", "previewd")
	for _, name := range []string{"rundockd", "dnsd", "previewd"} {
		if out := b.must(t, name+" --version"); !strings.HasPrefix(out, name+" ") {
			t.Errorf("%s --version says %q", name, out)
		}
		if out := b.must(t, "man -P cat "+name); !strings.Contains(out, "COMMANDS") || !strings.Contains(out, "completion bash | zsh") {
			t.Errorf("man %s shows\n%s", name, out)
		}
		b.must(t, "bash -c '. /usr/share/bash-completion/completions/"+name+" && complete -p "+name+"'")
		if out := b.must(t, "zcat /usr/share/doc/"+name+"/NOTICES.gz"); !strings.Contains(out, "Go's standard library") || !strings.Contains(out, "Apache License") {
			t.Errorf("the notices of %s have no licences:\n%.500s", name, out)
		}
	}
	if out := b.must(t, "bash -c 'man -P cat dnsd'"); !strings.Contains(out, "--embed-etcd folder") {
		t.Errorf("man dnsd has no flag --embed-etcd:\n%s", out)
	}
	b.must(t, "echo '"+conf+`' >/etc/rundock/dnsd.conf
echo '{"version":1,"host":"node-1","domain":"example.com","label":"prod","public":{"interface":"lo"},"private":{"interface":"lo"},"store_agent":true,"etcd":{"endpoints":["http://127.0.0.1:2379"]}}' >/etc/rundock/host.json
rundockd config
for name in dnsd rundock-store; do cp -r /usr/share/rundock/sv/$name /etc/sv/ && ln -s /etc/sv/$name /etc/service/; done`)
	await.True(t, "dnsd and rundockd store answer", func() bool {
		_, err := b.run("rundockd store check && dnsd check")
		return err == nil
	})
}

// process is a service's, and the inode of the program that it runs.
func (b *box) process(t *testing.T, service string) (pid, program string) {
	t.Helper()
	pid = b.must(t, "cat /etc/service/"+service+"/supervise/pid")
	return pid, b.must(t, "stat -Lc %i /proc/"+pid+"/exe")
}

func (b *box) runsInstalled(service, program string) bool {
	_, err := b.run("p=$(cat /etc/service/" + service + "/supervise/pid); [ $(stat -Lc %i /proc/$p/exe) = $(stat -c %i /usr/local/bin/" + program + ") ]; rundockd store check")
	return err == nil
}

func upgraded(t *testing.T, b *box, debs map[string]string) {
	pid, _ := b.process(t, "dnsd")
	b.install(t, debs, "rundockd", "dnsd", "previewd")
	await.True(t, "dnsd runs the new program", func() bool { return b.runsInstalled("dnsd", "dnsd") })
	await.True(t, "rundockd store is the new program", func() bool { return b.runsInstalled("rundock-store", "rundock-store") })
	if now, _ := b.process(t, "dnsd"); now != pid {
		t.Errorf("dnsd is process %s, was %s: it was restarted, and did not hand over", now, pid)
	}
	if out := b.must(t, "cat /etc/rundock/dnsd.conf"); out != strings.TrimSpace(conf) {
		t.Errorf("dnsd.conf is\n%s\nwant the administrator's", out)
	}
}

func newerConfiguration(t *testing.T, b *box, debs map[string]string) {
	pid, program := b.process(t, "rundock-store")
	b.must(t, `cp /etc/rundock/host.json /etc/rundock/dnsd.conf /tmp
sed -i 's/"version":1/"version":2/' /etc/rundock/host.json
echo 'of-next-year = 1' >>/etc/rundock/dnsd.conf`)
	said := b.install(t, debs, "rundockd", "dnsd")
	if !strings.Contains(said, "version") || !strings.Contains(said, "rundockd handover") {
		t.Errorf("the upgrade does not name what is wrong, and what to do:\n%s", said)
	}
	if state := b.must(t, "dpkg-query -W -f '${db:Status-Status} ' rundockd dnsd"); state != "installed installed" {
		t.Errorf("the packages are %s, want them installed", state)
	}
	await.True(t, "dnsd names the setting in its log", func() bool {
		out, _ := b.run("grep -F of-next-year /var/log/dnsd/current")
		return out != ""
	})
	if now, runs := b.process(t, "rundock-store"); now != pid || runs != program {
		t.Errorf("rundockd store is process %s, was %s: it was restarted into a configuration that it cannot read", now, pid)
	}
	if _, err := b.run("sv status dnsd && grep -q of-next-year /etc/rundock/dnsd.conf"); err != nil {
		t.Error("dnsd does not run, or its file was changed")
	}
	b.must(t, "cp /tmp/host.json /tmp/dnsd.conf /etc/rundock/ && rundockd handover && sv hup dnsd")
	await.True(t, "mended, both run the new program", func() bool {
		return b.runsInstalled("dnsd", "dnsd") && b.runsInstalled("rundock-store", "rundock-store")
	})
}

// halfUpgraded kills dpkg while it unpacks, and has it only unpack, before it installs.
func halfUpgraded(t *testing.T, b *box, before, after map[string]string) {
	for i, delay := range []string{"0.05", "0.2", "0.5", "1"} {
		half, whole := before, after
		if i%2 == 1 {
			half, whole = after, before
		}
		b.run("timeout -s KILL " + delay + " dpkg --unpack --force-confold /debs/" + filepath.Base(half["rundockd"]) + " /debs/" + filepath.Base(half["dnsd"]))
		// The part of dpkg that unpacks may live on for a moment, with the lock.
		await.Nil(t, "dpkg installs over what was killed", func() error {
			out, err := b.run("dpkg --install --force-depends --force-confold /debs/" + filepath.Base(whole["rundockd"]) + " /debs/" + filepath.Base(whole["dnsd"]) + " 2>&1")
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
		b.must(t, "dpkg --unpack --force-depends --force-confold /debs/"+filepath.Base(half["rundockd"])+" 2>&1")
		b.install(t, whole, "rundockd")
	}
	// dpkg may have been killed while man-db, which our pages concern, was at work.
	b.must(t, "dpkg --configure -a 2>&1")
	if out := b.must(t, "dpkg --audit; dpkg --verify rundockd dnsd | grep -v /etc/rundock/ || :"); out != "" {
		t.Errorf("after all dpkg finds\n%s", out)
	}
	await.Nil(t, "both run, also who was handed over to a moment ago", func() error {
		out, err := b.run("sv status dnsd rundock-store && rundockd store check 2>&1")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

func purged(t *testing.T, b *box) {
	for name, service := range map[string]string{"rundockd": "rundock-store", "dnsd": "dnsd"} {
		out, err := b.run("dpkg --purge --force-depends " + name + " 2>&1")
		if err == nil || !strings.Contains(out, service) || !strings.Contains(out, "nothing is removed") {
			t.Errorf("%s is purged while runsv runs %s by it: %v\n%s", name, service, err, out)
		}
	}
	b.must(t, "sv status dnsd rundock-store && rm /etc/service/dnsd /etc/service/rundock-store")
	await.True(t, "runsvdir ends what has no link", func() bool {
		_, err := b.run("! pgrep -f '^runsv (dnsd|rundock-store)$'")
		return err == nil
	})
	b.must(t, `rm -r /etc/sv/dnsd /etc/sv/rundock-store /var/log/dnsd /var/log/rundock-store
mkdir -p /etc/rundock/ca && echo key >/etc/rundock/ca/ca.key`)
	out := b.must(t, "dpkg --purge previewd rundockd dnsd 2>&1")
	for _, want := range []string{"/etc/rundock/ca is left", "/var/lib/dnsd is left"} {
		if !strings.Contains(out, want) {
			t.Errorf("the purge does not say that %s:\n%s", want, out)
		}
	}
	b.must(t, "test -d /var/lib/dnsd/etcd/data && test -e /etc/rundock/ca/ca.key && rm -r /var/lib/dnsd /etc/rundock")
	if left := b.must(t, `find /etc /run /usr/local /usr/share /usr/lib/systemd /var/log /var/cache/rundock /var/lib/rundock /var/lib/dnsd -xdev \( -name 'rundock*' -o -name dnsd -o -name 'dnsd.*' -o -name 'previewd*' \) 2>/dev/null || :`); left != "" {
		t.Errorf("this is left:\n%s", left)
	}
	if out, err := b.run("pgrep -l '^(dnsd|rundock)'"); err == nil {
		t.Errorf("these still run: %s", out)
	}
}
