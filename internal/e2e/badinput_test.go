package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

const calm = "state=enabled name=calm image=" + images + "influxdb:latest announce=8086 port=8086"

// onDisk is every file a call could have written, with its checksum, and all
// names in the folders of services. What runsv writes is its own.
const onDisk = "cd /etc/sv && find . -name supervise -prune -o -type f -exec sha256sum {} + -o -print | sort -k2; ls -A /etc/service"

// refused fails unless the call fails with these words, changes no file and
// leaves the container of service calm alone.
func (s *setup) refused(t *testing.T, args string, words ...string) {
	t.Helper()
	files, id := s.sh(t, back1, onDisk), s.id(t, back1, "calm")
	r := s.rundock(t, back1, args)
	if !r.Failed || r.Changed {
		t.Errorf("%s: failed=%v changed=%v, want it to fail unchanged: %s", args, r.Failed, r.Changed, r.Msg)
	}
	for _, w := range words {
		if !strings.Contains(r.Msg, w) {
			t.Errorf("%s fails with\n     %s\nwant %s", args, r.Msg, w)
		}
	}
	if after := s.sh(t, back1, onDisk); after != files {
		t.Errorf("%s left\n%s\nwhere there was\n%s", args, after, files)
	}
	if after := s.id(t, back1, "calm"); after != id || id == "" {
		t.Errorf("%s: container of calm was %q and is %q", args, id, after)
	}
}

// TestBadInput refuses what cannot work, by name, while the service that is
// there runs on and stays announced.
func TestBadInput(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "calm")
	s.install(t, back1, calm+" wait=announced")

	t.Run("parameters that no host can satisfy", func(t *testing.T) {
		for _, c := range []struct{ args, want string }{
			{calm + " args=--no-such-flag", "--no-such-flag"},
			{calm + " args='--network none'", "network none"},
			{calm + " args='-p 8086:8083'", "port 8083 of the container"},
		} {
			s.refused(t, c.args, c.want)
		}
	})
	t.Run("an image that cannot be pulled", func(t *testing.T) {
		for _, image := range []string{images + "influxdb:none", "registry.nowhere.invalid:5000/influxdb:1"} {
			update := strings.Replace(calm, images+"influxdb:latest", image, 1)
			s.refused(t, update, image)
			fresh := strings.NewReplacer("name=calm", "name=fresh", "announce=8086", "announce=8087").Replace(update)
			s.refused(t, fresh, image)
		}
	})
	t.Run("a port in use", func(t *testing.T) {
		s.refused(t, calm+" args='-p $PRIVATE_IP:22:8083'", ":22/tcp", "sshd")
		s.refused(t, strings.Replace(calm, "calm", "late", 1), ":8086/tcp", "calm")
	})
	t.Run("an announcement that leads to nothing", func(t *testing.T) {
		s.sh(t, back1, "docker network create --internal inside && docker network create --subnet 10.99.7.0/24 ours && docker run -d --name holder --network ours --ip 10.99.7.7 "+images+"busybox:latest sleep 3600")
		t.Cleanup(func() { s.sh(t, back1, "docker rm -f holder; docker network rm inside ours") })
		s.refused(t, calm+" args='--network inside'", "port 8086 cannot be announced: network inside is internal")
		s.refused(t, calm+" args='--network ours --ip 10.99.7.7'", "network ours: address 10.99.7.7 is container holder's")
		s.refused(t, calm+" args='--network ours --ip 10.99.7.1'", "network ours: address 10.99.7.1 is its gateway's")
		docker := strings.Replace(calm, "announce=8086 port=8086", "", 1) + `announces='[{"port":8086,"check":{"type":"docker"}}]'`
		s.refused(t, docker+" args=--no-healthcheck", "port 8086 would never be announced: its check is of type docker")
		bare := strings.Replace(docker, "influxdb:latest", "busybox:latest", 1)
		s.refused(t, bare, "busybox:latest has no HEALTHCHECK")
		// The same where the container stays, and its announcement alone changes.
		bare = strings.NewReplacer("calm", "bare", "8086", "8087").Replace(bare) + ` command='httpd -f -p 8087'`
		s.remove(t, back1, "bare")
		s.install(t, back1, strings.Replace(bare, `"type":"docker"`, `"type":"tcp"`, 1)+" wait=announced")
		s.refused(t, bare, "busybox:latest has no HEALTHCHECK")
		s.resolves(t, front, "bare", "10 100 8087 node-back-1.bare."+zone+".")
	})
	t.Run("a container of the same name that rundock did not make", func(t *testing.T) {
		s.sh(t, back1, "docker run -d --name stranger "+images+"busybox:latest sleep 3600")
		t.Cleanup(func() { s.sh(t, back1, "docker rm -f stranger") })
		before := s.id(t, back1, "stranger")
		s.refused(t, strings.NewReplacer("calm", "stranger", "8086", "8087").Replace(calm), "stranger", "that rundock did not make")
		if after := s.id(t, back1, "stranger"); after != before {
			t.Errorf("the stranger was %q and is %q", before, after)
		}
	})
	t.Run("a malformed host.json", func(t *testing.T) {
		s.spoil(t, `printf '{"version": 1,\n "host" oops' > /etc/rundock/host.json`)
		s.refused(t, calm+" args='-e A=1'", "/etc/rundock/host.json", "line 2")
	})
	t.Run("no host.json", func(t *testing.T) {
		s.spoil(t, `rm /etc/rundock/host.json`)
		s.refused(t, calm+" args='-e A=1'", "/etc/rundock/host.json", "not prepared")
	})
	t.Run("rundockd missing", func(t *testing.T) {
		s.sh(t, back1, "mv /usr/local/bin/rundockd /usr/local/bin/rundockd.away")
		t.Cleanup(func() { s.sh(t, back1, "mv /usr/local/bin/rundockd.away /usr/local/bin/rundockd") })
		s.refused(t, calm+" args='-e A=1'", "/usr/local/bin/rundockd", "not installed")
	})
	t.Run("a read-only /etc/sv", func(t *testing.T) {
		s.sh(t, back1, "mount --bind /etc/sv /etc/sv && mount -o remount,bind,ro /etc/sv")
		t.Cleanup(func() { s.sh(t, back1, "umount /etc/sv") })
		s.refused(t, calm+" args='-e A=1'", "/etc/sv/docker-calm/", "read-only file system")
		s.refused(t, strings.NewReplacer("calm", "fresh", "8086", "8087").Replace(calm), "/etc/sv/", "read-only file system")
	})
	s.resolves(t, front, "calm", "10 100 8086 node-back-1.calm."+zone+".")
	if r := s.install(t, back1, calm); r.Changed {
		t.Errorf("after all that the first call again changes %v", r.Actions)
	}
}

// spoil does something to host.json of back1 that the test's end undoes.
func (s *setup) spoil(t *testing.T, script string) {
	t.Helper()
	s.sh(t, back1, "cp -a /etc/rundock/host.json /etc/rundock/host.json.good && "+script)
	t.Cleanup(func() { s.try(back1, "mv /etc/rundock/host.json.good /etc/rundock/host.json") })
}

func TestBadInput_a_full_disk(t *testing.T) {
	s := need(t)
	const dir = "/etc/sv/docker-calm" // a file system of its own
	s.sh(t, back1, "mkdir "+dir+" && mount -t tmpfs -o size=256k none "+dir)
	s.remove(t, back1, "calm")
	t.Cleanup(func() {
		s.rundock(t, back1, "state=disabled name=calm")
		s.sh(t, back1, "umount -l "+dir)
	})
	s.install(t, back1, calm)

	s.try(back1, "dd if=/dev/zero of="+dir+"/fill bs=4k")
	s.refused(t, calm+" args='-e A="+strings.Repeat("long", 2000)+"'", dir+"/", "no space left on device")
	s.sh(t, back1, "rm "+dir+"/fill")
	if r := s.install(t, back1, calm+" args='-e A=1'"); !r.Changed {
		t.Error("with room again the update changes nothing")
	}
}

func TestBadInput_an_unreachable_etcd(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "calm")
	const wrong = "http://127.0.0.1:1"
	t.Run("is named, and the service runs", func(t *testing.T) {
		s.spoil(t, `sed -i 's|https*://[0-9.]*:2379|`+wrong+`|g' /etc/rundock/host.json; sv -w 60 restart rundock-store`)
		s.install(t, back1, calm)
		await.Empty(t, "the status file says why calm is not announced", func() string {
			if got, err := s.try(back1, "cat /run/rundock/calm/announce.json"); err != nil || !strings.Contains(got, "127.0.0.1:1") {
				return heard(got)
			}
			return ""
		})
		r := s.rundock(t, back1, calm+" wait=announced wait_timeout=8")
		for _, w := range []string{"calm is not announced after 8s", "etcd", "127.0.0.1:1"} {
			if !r.Failed || !strings.Contains(r.Msg, w) {
				t.Errorf("fails=%v with %q, want %s", r.Failed, r.Msg, w)
			}
		}
		if s.id(t, back1, "calm") == "" {
			t.Error("without etcd the container does not run")
		}
	})
	before := s.id(t, back1, "calm")
	s.sh(t, back1, "rundockd handover")
	s.resolves(t, front, "calm", "10 100 8086 node-back-1.calm."+zone+".")
	if got := s.id(t, back1, "calm"); got != before {
		t.Errorf("the container was %q and is %q", before, got)
	}
}
