package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

const (
	mirror   = "mirror." + zone + ":5001/"
	upstream = "127.0.0.1:5999" // which dockerd takes without TLS
	// The password of the user team there, and the hash of it.
	upstreamPassword = "upstream-secret"
	upstreamHash     = "$2b$04$abcdefghijklmnopqrstuu6ve.y8PbQeSuj4PM9tZMSkOPjLng4zC"
)

// withUpstream has the host with the image registry serve images to a user of its own
// at another port, as somebody else's image registry does, with an image that the site
// does not have. It returns what site.yml is to be told for a mirror of it.
func (s *setup) withUpstream(t *testing.T) []string {
	t.Helper()
	t.Cleanup(func() {
		s.try(front, "kill $(cat /run/upstream/pid); rm -rf /run/upstream; docker rmi "+upstream+"/team/app:1")
	})
	s.sh(t, front, `mkdir -p /run/upstream && echo 'team:`+upstreamHash+`' >/run/upstream/users
		printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: /run/upstream/data}}\nhttp: {addr: "`+upstream+`"}\nauth: {htpasswd: {realm: up, path: /run/upstream/users}}\n' >/run/upstream/config.yml
		(setsid docker-registry serve /run/upstream/config.yml >/run/upstream/log 2>&1 & echo $! >/run/upstream/pid)
		for i in $(seq 600); do ! curl -so /dev/null http://`+upstream+`/v2/ || break; sleep 0.1; done
		docker tag `+images+`influxdb:latest `+upstream+`/team/app:1
		export DOCKER_CONFIG=/run/upstream/docker
		echo `+upstreamPassword+` | docker login -u team --password-stdin `+upstream+` >/dev/null 2>&1 && docker push -q `+upstream+`/team/app:1`)
	return []string{"-e", "rundock_image_mirror_url=http://" + upstream, "-e", "rundock_image_mirror_username=team", "-e", "rundock_image_mirror_password=" + upstreamPassword}
}

// imagesAreAskedFor tries what the image registry is with certificates: TLS, a user for
// each host, and nobody else.
func (s *setup) imagesAreAskedFor(t *testing.T, said string) {
	t.Helper()
	busybox := images + "busybox:latest"
	seen := map[string]bool{}
	for _, host := range []string{front, back1, back2} {
		s.sh(t, host, "docker rmi -f "+busybox+" >/dev/null 2>&1 || true; docker pull -q "+busybox)
		if got := s.sh(t, host, "tr -d ' \n' </etc/docker/daemon.json | grep -o 'insecure-registries\":\\[[^]]*' || true"); strings.Contains(got, "registry.") {
			t.Errorf("dockerd of %s takes the image registry without TLS: %s", host, got)
		}
		if got := s.sh(t, host, "stat -c %a /root/.docker/config.json /etc/rundock/image-user"); got != "600\n600" {
			t.Errorf("%s has its credentials with modes %q", host, got)
		}
		secret := s.sh(t, host, `sed -n 's/.*"registry\.[^}]*"auth": *"\([^"]*\)".*/\1/p' /root/.docker/config.json; tr -d ' \n\t' </root/.docker/config.json | sed 's/.*"registry[^}]*"auth":"\([^"]*\)".*/\1/'`)
		hash := s.sh(t, host, "cut -d: -f2 /etc/rundock/image-user")
		if seen[secret] || secret == "" || !strings.Contains(s.sh(t, front, "cat /etc/rundock/image-users"), host+":"+hash) {
			t.Errorf("%s has no user of its own", host)
		}
		seen[secret] = true
		for _, s := range strings.Fields(secret + " " + hash) {
			if strings.Contains(said, s) {
				t.Errorf("site.yml shows a credential of %s", host)
			}
		}
	}

	// Nobody else, nor by another user's name, nor in plain text.
	if out, err := s.try(back1, "docker --config /run/nobody pull -q "+busybox+" 2>&1"); err == nil || !strings.Contains(out, "no basic auth credentials") {
		t.Errorf("an anonymous pull: %s, %v", out, err)
	}
	at := s.at(front, 5000)
	if got := s.sh(t, back1, "curl -s -o /dev/null -w '%{http_code} ' --cacert /etc/rundock/pki/ca.crt https://"+at+"/v2/; curl -s -o /dev/null -w '%{http_code} ' --cacert /etc/rundock/pki/ca.crt -u "+back2+":wrong https://"+at+"/v2/; curl -s -o /dev/null -w '%{http_code}' http://"+at+"/v2/ || true"); !strings.HasPrefix(got, "401 401 ") || strings.HasSuffix(got, " 200") {
		t.Errorf("nobody, a wrong password, plain text: %s, want 401 401 and no 200", got)
	}
	s.sh(t, back1, "mv /root/.docker/config.json /root/.docker/away; docker rmi -f "+images+"grafana:2 >/dev/null 2>&1 || true")
	s.remove(t, back1, "unknown")
	if r := s.rundock(t, back1, "state=enabled name=unknown image="+images+"grafana:2 wait=running"); !r.Failed || !strings.Contains(r.Msg, "asks who is calling, and this host has no user there") {
		t.Errorf("a service whose host has no user: failed=%v, %s", r.Failed, r.Msg)
	}
	s.sh(t, back1, "mv /root/.docker/away /root/.docker/config.json")

	digest := s.sh(t, back1, "docker inspect -f '{{index .RepoDigests 0}}' "+busybox)
	s.sh(t, back2, "docker rmi -f "+busybox+" >/dev/null; docker pull -q "+digest)
	s.pulledThroughMirror(t)
}

// pulledThroughMirror pulls what the upstream has, on a host without its password.
func (s *setup) pulledThroughMirror(t *testing.T) {
	t.Helper()
	await.Equal(t, "the mirror has a name", s.Addr(front).String(), func() string { return s.dig(t, back1, "mirror."+zone) })
	s.sh(t, back1, "docker pull -q "+mirror+"team/app:1 && docker rmi "+mirror+"team/app:1 >/dev/null")
	for host, want := range map[string]string{front: "/etc/rundock/registry-mirror.yml", back1: ""} {
		if got := s.sh(t, host, "grep -rl '"+upstreamPassword[:8]+"[-]"+upstreamPassword[9:]+"' /etc /root /var/log 2>/dev/null || true"); got != want {
			t.Errorf("the password of the upstream is on %s in %q, want %q", host, got, want)
		}
	}
	if got := s.sh(t, front, "stat -c '%a %G' /etc/rundock/registry-mirror.yml"); got != "640 docker-registry" {
		t.Errorf("the mirror's settings are %s", got)
	}
}
