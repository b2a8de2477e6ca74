package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestAnnounces_each_by_its_own_check announces five ports of one container,
// each judged by another check, and takes some of them away.
func TestAnnounces_each_by_its_own_check(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "ports")
	s.sh(t, back1, "touch /run/well")
	t.Cleanup(func() { s.sh(t, back1, "rm -f /run/well") })
	call := `{"state":"enabled","name":"ports","image":"` + images + `influxdb:latest","wait":"announced","announces":[
		{"port":8086,"tags":["main","v1"],"meta":{"path":"/ping"},"priority":20,"weight":5,"check":{"type":"http","path":"/health","interval":"200ms","rise":3,"fall":2}},
		{"name":"admin","port":8083,"lease":5,"check":{"type":"tcp","timeout":"2s"}},
		{"name":"dns","port":5353,"protocol":"udp"},
		{"name":"script","port":8090,"container_port":8086,"check":{"type":"exec","command":["test","-e","/run/well"],"interval":"100ms","fall":1}},
		{"name":"health","port":8091,"container_port":8086,"check":{"type":"docker"}},
		{"name":"inside","port":8086,"as":"container","network":"bridge","check":{"type":"tcp","port":8083}}]}`
	if r := s.install(t, back1, call); !r.Changed || !r.Service.Announced {
		t.Errorf("installed: changed=%v, announced=%v", r.Changed, r.Service.Announced)
	}
	name := "ports." + zone + "."
	well := map[string]string{
		"ports":              "20 100 8086 node-back-1." + name, // alone, it has the whole weight,
		"_admin._tcp.ports":  "10 100 8083 node-back-1._admin._tcp." + name,
		"_dns._udp.ports":    "10 100 5353 node-back-1._dns._udp." + name,
		"_script._tcp.ports": "10 100 8090 node-back-1._script._tcp." + name,
		"_health._tcp.ports": "10 100 8091 node-back-1._health._tcp." + name,
		"_inside._tcp.ports": "10 100 8086 node-back-1._inside._tcp." + name,
	}
	see := func(gone ...string) {
		t.Helper()
		for question, want := range well {
			for _, g := range gone {
				if question == g {
					want = ""
				}
			}
			s.resolves(t, back2, question, want)
		}
	}
	see()
	inside := s.sh(t, back1, "docker inspect -f '{{.NetworkSettings.IPAddress}}' ports")
	if got := s.dig(t, back2, "node-back-1._inside._tcp."+name); got != inside {
		t.Errorf("the port announced as the container's is at %q, want %s", got, inside)
	}
	if got := s.sh(t, back1, "ss -Hlun sport = :5353 | grep -c "+s.Addr(back1).String()); got == "0" {
		t.Error("the UDP port is not published")
	}
	key := "/skydns/com/example/prod/s/ports/node-back-1"
	record := s.sh(t, front, "ETCDCTL_API=3 etcdctl get --print-value-only "+key)
	for _, want := range []string{`"tags":["main","v1"]`, `"meta":{"path":"/ping"}`, `"group":"main"`, `"weight":5`} {
		if !strings.Contains(record, want) {
			t.Errorf("the record is %s, want in it %s", record, want)
		}
	}
	if r := s.install(t, back1, call); r.Changed {
		t.Errorf("the same again changes %q", r.Actions)
	}

	s.sh(t, back1, "rm /run/well")
	see("_script._tcp.ports")
	s.sh(t, back1, "touch /run/well; curl -s http://"+s.Addr(back1).String()+":8086/sick")
	see("ports", "_health._tcp.ports", "_dns._udp.ports") // the last has no check of its own, and so the HEALTHCHECK
	s.sh(t, back1, "curl -s http://"+s.Addr(back1).String()+":8086/well")
	see()
}

// TestAnnounces_without_a_container announces a process outside Docker while
// it answers.
func TestAnnounces_without_a_container(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "outside")
	start := "mkdir -p /tmp/web && cd /tmp/web && touch ok && (setsid python3 -m http.server 8765 >/dev/null 2>&1 & echo $! >/run/outside.pid)"
	s.sh(t, back1, start)
	stop := "kill $(cat /run/outside.pid) 2>/dev/null; rm -f /run/outside.pid"
	t.Cleanup(func() { s.try(back1, stop) })
	r := s.install(t, back1, `{"state":"enabled","name":"outside","wait":"announced","announces":[{"port":8765,"check":{"type":"http","path":"/ok","interval":"200ms","fall":2}}]}`)
	if !r.Service.Announced {
		t.Errorf("not announced: %+v", r)
	}
	want := "10 100 8765 node-back-1.outside." + zone + "."
	s.resolves(t, back2, "outside", want)
	s.sh(t, back1, "mv /tmp/web/ok /tmp/web/away") // 404
	s.resolves(t, back2, "outside", "")
	s.sh(t, back1, "mv /tmp/web/away /tmp/web/ok")
	s.resolves(t, back2, "outside", want)
	s.sh(t, back1, stop)
	s.resolves(t, back2, "outside", "")
}

// TestServices_many_in_a_call installs services in one call, of which one
// cannot be: the others are there all the same.
func TestServices_many_in_a_call(t *testing.T) {
	s := need(t)
	var list, names, gone []string
	for i := range 12 {
		name := fmt.Sprintf("crowd-%d", i)
		image, port := "grafana", 80
		if i%4 == 0 { // a HEALTHCHECK a second costs much
			image, port = "influxdb", 8086
		}
		list = append(list, fmt.Sprintf(`{"name":"%s","image":"%s%s:latest","announce":%d,"port":%d}`, name, images, image, 9000+i, port))
		names = append(names, name)
		gone = append(gone, `{"name":"`+name+`"}`)
	}
	t.Cleanup(func() {
		if r := s.rundock(t, back1, `{"state":"absent","services":[`+strings.Join(gone, ",")+`]}`); r.Failed {
			t.Errorf("remove: %s", r.Msg)
		}
	})
	call := func(services ...string) string {
		return `{"state":"enabled","wait":"announced","services":[` + strings.Join(services, ",") + `]}`
	}
	bad := `{"name":"crowd-bad","image":"` + images + `none:1","announce":8999}`
	r := s.rundock(t, back1, call(append([]string{bad}, list...)...))
	if !r.Failed || !r.Changed || !strings.Contains(r.Msg, "1 of 13 services failed: crowd-bad: ") || !strings.Contains(r.Msg, "none:1") {
		t.Errorf("changed=%v, %s; want it to fail for crowd-bad alone", r.Changed, r.Msg)
	}
	for i, name := range names {
		s.resolves(t, back2, name, fmt.Sprintf("10 100 %d node-back-1.%s.%s.", 9000+i, name, zone))
	}
	for _, flags := range [][]string{{"--check"}, nil} {
		if r := s.rundock(t, back1, call(list...), flags...); r.Failed || r.Changed {
			t.Errorf("the same again %v: failed=%v changed=%v %s", flags, r.Failed, r.Changed, r.Msg)
		}
	}
}

// TestServices_fifty_in_a_call writes them; to run them all takes long.
func TestServices_fifty_in_a_call(t *testing.T) {
	s := need(t)
	var list, gone []string
	for i := range 50 {
		list = append(list, fmt.Sprintf(`{"name":"throng-%d","image":"%sinfluxdb:latest","announce":%d,"port":8086}`, i, images, 9000+i))
		gone = append(gone, fmt.Sprintf(`{"name":"throng-%d"}`, i))
	}
	call := `{"state":"present","services":[` + strings.Join(list, ",") + `]}`
	t.Cleanup(func() { s.install(t, back1, `{"state":"absent","services":[`+strings.Join(gone, ",")+`]}`) })
	for i, step := range []struct {
		flag    string
		changed bool
	}{{"--check", true}, {"", true}, {"--check", false}, {"", false}} {
		if r := s.rundock(t, back1, call, strings.Fields(step.flag)...); r.Failed || r.Changed != step.changed {
			t.Errorf("call %d %s: failed=%v changed=%v %s", i+1, step.flag, r.Failed, r.Changed, r.Msg)
		}
	}
	if got := s.sh(t, back1, "ls -d /etc/sv/docker-throng-* | wc -l"); got != "50" {
		t.Errorf("%s services are there, want 50", got)
	}
}

// TestSecrets reach the container, and nothing else but the files that root
// alone can read.
func TestSecrets(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "vault")
	call := func(secret string) string {
		return `{"state":"enabled","name":"vault","image":"` + images + `influxdb:latest","announce":8086,"env_secret":{"PASSWORD":"` + secret + `"},"log":{"size":"64k","keep":2}}`
	}
	env := "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' vault | grep ^PASSWORD"
	r := s.rundock(t, back1, call("horse-battery"), "--diff")
	if got := s.sh(t, back1, env); got != "PASSWORD=horse-battery" {
		t.Errorf("the container has %q", got)
	}
	if strings.Contains(r.shown+fmt.Sprintf("%+v", r), "horse-battery") {
		t.Errorf("ansible shows the secret: %+v", r)
	}
	where := s.sh(t, back1, `grep -rl --exclude-dir=docker 'horse[-]battery' /etc /run /var/log /var/lib/rundock /proc/[0-9]*/cmdline 2>/dev/null | xargs -r stat -c '%a %n' || true`)
	if where != "600 /etc/sv/docker-vault/services/service/env/PASSWORD" {
		t.Errorf("the secret is in\n%s", where)
	}
	if got := s.sh(t, back1, "docker inspect -f '{{json .Config.Labels}}' vault"); strings.Contains(got, "horse") {
		t.Errorf("a label shows the secret: %s", got)
	}
	before := s.id(t, back1, "vault")
	if r := s.install(t, back1, call("horse-battery")); r.Changed || s.id(t, back1, "vault") != before {
		t.Errorf("the same secret changes %q", r.Actions)
	}
	s.install(t, back1, call("staple"))
	if got := s.sh(t, back1, env); got != "PASSWORD=staple" {
		t.Errorf("after a change the container has %q", got)
	}
	if got := s.sh(t, back1, "cat /var/log/docker-vault/config; ls /var/log/docker-vault"); !strings.HasPrefix(got, "s65536\nn2") || !strings.Contains(got, "current") {
		t.Errorf("svlogd keeps %q", got)
	}
	s.sh(t, back1, "curl -s 'http://"+s.Addr(back1).String()+":8086/log?lines=30000&prefix=line-of-the-log-'")
	eventually(t, "the log is cut into files of 64 kB, of which two are kept", func() string {
		// Between two renames of svlogd's there is no current.
		got, err := s.try(back1, "cd /var/log/docker-vault; ls @* | wc -l; stat -c %s @* current | sort -n | tail -1; tail -1 current")
		lines := strings.Split(got, "\n")
		if err != nil || lines[0] != "2" || !strings.HasSuffix(got, "line-of-the-log-30000") {
			return fmt.Sprint(got, err)
		}
		return ""
	})
}

// TestRequiredMounts keeps a container from starting before its disk is
// mounted, each time.
func TestRequiredMounts(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "disk")
	s.sh(t, back1, "mkdir -p /srv/disk")
	t.Cleanup(func() { s.sh(t, back1, "umount /srv/disk 2>/dev/null; rmdir /srv/disk") })
	call := `{"state":"enabled","name":"disk","image":"` + images + `busybox:latest","stop_timeout":1,"args":"-v /srv/disk:/data -- sleep 3600","requires_mounts":["/srv/disk"],"wait_timeout":`
	r := s.rundock(t, back1, call+"3}")
	if want := "disk is not running after 3s: waiting: requires_mounts: /srv/disk is no mount point"; !r.Failed || !strings.Contains(r.Msg, want) {
		t.Errorf("without the mount: failed=%v, %s; want %s", r.Failed, r.Msg, want)
	}
	if id := s.id(t, back1, "disk"); id != "" {
		t.Errorf("container %s runs without its disk", id)
	}
	s.sh(t, back1, "mount -t tmpfs none /srv/disk")
	s.install(t, back1, call+"60}")
	s.sh(t, back1, "umount -l /srv/disk; docker kill disk")
	eventually(t, "the runner waits for the disk", func() string {
		if got := s.sh(t, back1, "cat /run/rundock/disk/runner.json"); !strings.Contains(got, `"phase":"waiting"`) {
			return got
		}
		return ""
	})
	s.sh(t, back1, "mount -t tmpfs none /srv/disk")
	eventually(t, "the container runs again", func() string {
		if s.id(t, back1, "disk") == "" {
			return s.sh(t, back1, "cat /run/rundock/disk/runner.json")
		}
		return ""
	})
}

// TestRollback brings back what was well when its successor is not: with its
// files, and with its image by id though its tag has moved on.
func TestRollback(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "roll")
	tag := func(image string) { s.sh(t, back1, "docker tag "+images+image+" local/app:1") }
	s.sh(t, back1, "docker pull -q "+images+"influxdb:latest; docker pull -q "+images+"never-healthy:latest")
	t.Cleanup(func() { s.try(back1, "docker rmi local/app:1") })
	tag("influxdb:latest")
	good := s.sh(t, back1, "docker image inspect -f '{{.Id}}' local/app:1")
	call := func(state, args string) string {
		return `{"state":"` + state + `","name":"roll","image":"local/app:1","pull":"never","announces":[{"port":8086,"check":{"type":"docker"}}],"wait":"healthy","wait_timeout":8,"rollback":true,"args":"` + args + `"}`
	}
	// What the first install makes of an image that is never well.
	tag("never-healthy:latest")
	r := s.rundock(t, back1, call("enabled", ""))
	r.wantFailure(t, "it was stopped, as there is nothing to roll back to", "unhealthy", "last log lines", "listening on :80")
	if id := s.id(t, back1, "roll"); id != "" || r.Service.Enabled {
		t.Errorf("container %q runs, enabled=%v, after a first install that failed", id, r.Service.Enabled)
	}
	tag("influxdb:latest")
	s.install(t, back1, call("enabled", ""))
	s.resolves(t, back2, "roll", record(back1, "roll"))

	image := func() string { return s.sh(t, back1, "docker inspect -f '{{.Image}}' roll") }
	tag("never-healthy:latest")
	s.sh(t, back1, "docker image prune -f >/dev/null")
	r = s.rundock(t, back1, call("restarted", "-e MARK=2"))
	r.wantFailure(t, "roll", "it was rolled back to the service directory of before and image "+good[:19], "last log lines", "listening on :80")
	if !r.Changed || !r.Service.Running || image() != good {
		t.Errorf("changed=%v running=%v image=%s, want the image of before, %s", r.Changed, r.Service.Running, image(), good)
	}
	s.resolves(t, back2, "roll", record(back1, "roll"))
	s.neverFlapped(t, back1, "roll")
	if got := s.sh(t, back1, "docker inspect -f '{{.Config.Env}}' roll"); strings.Contains(got, "MARK=") {
		t.Errorf("the environment is still %s", got)
	}
	// By id also after a crash, a reboot's worth of forgetting, and a clean-up.
	before := s.id(t, back1, "roll")
	s.sh(t, back1, "docker image prune -f >/dev/null; docker kill roll")
	eventually(t, "the container is there again", func() string {
		if id := s.id(t, back1, "roll"); id == "" || id == before {
			return fmt.Sprintf("%q runs", id)
		}
		return ""
	})
	if image() != good {
		t.Errorf("after a crash it runs image %s, want %s", image(), good)
	}

	// Killed before it can roll back: the next call does.
	if err := s.put(back1, s.module(), "/usr/local/bin/module-alone"); err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(call("enabled", "-e MARK=3"), `"wait_timeout":8`, `"wait_timeout":60`, 1)
	s.sh(t, back1, `cat >/run/args <<'E'
`+bad+`
E
setsid /usr/local/bin/module-alone /run/args >/run/answer 2>&1 & echo $! >/run/module.pid`)
	eventually(t, "the wanted container runs", func() string {
		return s.sh(t, back1, "docker inspect -f '{{.State.Running}}{{.Config.Env}}' roll 2>&1 | grep -v '^true.*MARK=3' && cat /run/answer || true")
	})
	s.sh(t, back1, "kill -9 $(cat /run/module.pid); rm /usr/local/bin/module-alone")
	r = s.rundock(t, back1, call("enabled", "-e MARK=3"))
	r.wantFailure(t, "it was rolled back", good[:19])
	if image() != good {
		t.Errorf("it runs image %s, want %s", image(), good)
	}
	// One that crashes again and again, which would be damped as flapping for half a minute.
	crashing := strings.NewReplacer(`"healthy"`, `"announced"`, `"wait_timeout":8`, `"wait_timeout":60`).Replace(call("enabled", "-e APP_EXIT=3"))
	r = s.rundock(t, back1, crashing)
	r.wantFailure(t, "it was rolled back", "exit code 3")
	if strings.Contains(r.Msg, "not well either") {
		t.Errorf("what it was rolled back to is held the crashes against: %s", r.Msg)
	}
	s.neverFlapped(t, back1, "roll")
	tag("influxdb:latest")
	if r := s.install(t, back1, call("enabled", "")); !r.Changed {
		t.Error("the next call, which ends the rollback, says that it changes nothing")
	}
	if r := s.install(t, back1, call("enabled", "")); r.Changed {
		t.Errorf("and again it changes %q", r.Actions)
	}
}

// neverFlapped fails if the sidecar has damped the service.
func (s *setup) neverFlapped(t *testing.T, host, name string) {
	t.Helper()
	if out := s.sh(t, host, "grep flapping /var/log/docker-"+name+"/announce/current || true"); out != "" {
		t.Errorf("what was deployed before is held against it:\n%s", out)
	}
}
