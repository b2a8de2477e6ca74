package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shopFront has a load balancer send requests at its port 8088 to the service shop.
var shopFront = map[string]any{
	"rundock_loadbalancer_frontends": []any{map[string]any{"name": "web", "bind": []string{"*:8088"}, "service": "shop"}},
	"rundock_loadbalancer_services":  []any{map[string]any{"name": "shop", "check": map[string]any{"path": "/ping"}}},
}

// upgradesUnderLoad has upgrade.yml exchange all there is to exchange, on three hosts that
// each keep etcd, while clients use a service with two instances behind a load balancer, which
// the first host is by vars: nothing fails.
func (s *setup) upgradesUnderLoad(t *testing.T, vars []string) {
	play := func(args ...string) (string, error) { return s.playbook(slices.Concat(vars, args)...) }
	backs, all := []string{back1, back2}, []string{front, back1, back2}
	before := map[string]string{}
	everywhere(backs, func(host string) {
		s.remove(t, host, "shop")
		s.install(t, host, "state=enabled name=shop image="+images+"influxdb:latest announce=8087 port=8086 wait=announced")
	})
	s.newerDocker(t, backs...)
	if t.Failed() {
		return
	}
	for _, host := range backs {
		before[host] = s.id(t, host, "shop")
	}
	s.awaitBalanced(t, "both instances are up", "shop:2/2")

	programs := "rundock_bin=" + s.otherPrograms(t)
	upgrade := []string{"-e", programs, "playbooks/upgrade.yml"}
	l := s.load(t, "http://"+s.Addr(front).String()+":8088/well", "shop")
	out, err := play(append(upgrade, "--check", "--limit", back1)...)
	for _, want := range []string{"would upgrade Docker of " + back1 + ": docker.io ", "containers run on", back1 + ": dnsd replaced", "etcd started anew"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("the plan: %v, want %q:\n%s", err, want, out)
		}
	}
	err = s.hidingPython(func() (err error) {
		out, err = play(upgrade...)
		return err
	})
	if err != nil {
		t.Fatalf("upgrade.yml: %v\n%s", err, out)
	}
	l.nothingMissed(t)
	everywhere(all, func(host string) {
		for what, pid := range map[string]string{
			"etcd": "$(pgrep -f 'dnsd [s]tore run')", "dnsd": "$(cat /etc/service/dnsd/supervise/pid)",
			"rundock-store": "$(cat /etc/service/rundock-store/supervise/pid)", "dockerd": "$(cat /run/docker.pid)",
		} {
			if exe, err := s.try(host, "readlink /proc/"+pid+"/exe"); err != nil || strings.HasSuffix(exe, " (deleted)") {
				t.Errorf("%s on %s is of %s, which was replaced: %v", what, host, exe, err)
			}
		}
	})
	for _, host := range backs {
		if now := s.id(t, host, "shop"); now != before[host] {
			t.Errorf("container of shop on %s was %s, is %s", host, before[host], now)
		}
		if v := s.sh(t, host, "dpkg-query -W -f '${Version}' docker.io"); !strings.HasSuffix(v, "+newer") {
			t.Errorf("%s has docker.io %s", host, v)
		}
	}
	out, err = play(append(upgrade, "--limit", back1)...)
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); !strings.Contains(recap, "changed=0 ") || err != nil {
		t.Errorf("a second run: want changed=0: %v\n%s", err, out)
	}
}

// otherPrograms returns a folder with programs as they are but for their last byte, which
// nothing reads. That which nothing here runs is the same.
func (s *setup) otherPrograms(t *testing.T) string {
	t.Helper()
	dir := s.linked(t, "rundock-render", "rundock-stack")
	for _, name := range []string{"dnsd", "rundockd", "rundock-store"} {
		program, err := os.ReadFile(filepath.Join(s.checkout, "bin", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), append(program, '\n'), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// newerDocker has apt of hosts know a docker.io that is the same but for its version, and goes
// back to the one there was when the test ends.
func (s *setup) newerDocker(t *testing.T, hosts ...string) {
	do := func(script string) {
		everywhere(hosts, func(host string) {
			if out, err := s.try(host, "export DEBIAN_FRONTEND=noninteractive; { "+script+"; } >/run/newer.log 2>&1 || { cat /run/newer.log >&2; exit 1; }"); err != nil {
				t.Errorf("docker.io on %s: %v %s", host, err, out)
			}
		})
	}
	t.Cleanup(func() {
		do(`rm -f /etc/apt/sources.list.d/newer.list; dpkg -i --force-confold --force-downgrade /var/tmp/newer/docker.io_*.deb && service docker restart && rm -r /var/tmp/newer`)
	})
	do(`mkdir /var/tmp/newer && cd /var/tmp/newer && { apt-get -q download docker.io || { apt-get -q update && apt-get -q download docker.io; }; } &&
		dpkg-deb -R docker.io_*.deb tree && sed -i 's/^Version: .*/&+newer/' tree/DEBIAN/control && dpkg-deb -Znone -b tree docker.io.deb && rm -r tree &&
		{ dpkg-deb -f docker.io.deb && echo "Filename: ./docker.io.deb" && echo "Size: $(stat -c %s docker.io.deb)" && echo "SHA256: $(sha256sum docker.io.deb | cut -d' ' -f1)"; } >Packages &&
		echo 'deb [trusted=yes] file:/var/tmp/newer ./' >/etc/apt/sources.list.d/newer.list &&
		apt-get -q update -o Dir::Etc::sourcelist=sources.list.d/newer.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0`)
}
