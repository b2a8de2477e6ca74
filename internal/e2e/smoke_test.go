package e2e

import (
	"strings"
	"testing"
)

const (
	images   = "registry." + zone + ":5000/"
	influxdb = "image=" + images + `influxdb:latest args="--volumes-from data.influxdb -p $PRIVATE_IP:8083:8083" announce=8086 port=8086`
)

// TestSmoke is the main line: installed by one ad-hoc call, found by DNS from
// every host and from containers, gone while unwell, back when well.
func TestSmoke(t *testing.T) {
	s := need(t)
	s.sh(t, back1, "docker inspect data.influxdb >/dev/null 2>&1 || docker create --name data.influxdb -v /data "+images+"busybox:latest true")
	t.Cleanup(func() { s.sh(t, back1, "docker rm -v data.influxdb") })
	s.remove(t, back1, "influxdb")
	s.remove(t, back2, "grafana")

	call := "state=enabled name=influxdb " + influxdb
	if r := s.rundock(t, back1, call, "--check", "--diff"); r.Failed || !r.Changed || !strings.Contains(r.shown, "+exec /usr/local/bin/rundockd run") {
		t.Fatalf("check mode of the first call = %+v, want changed with a diff", r)
	}
	if got := s.id(t, back1, "influxdb"); got != "" {
		t.Fatalf("check mode started container %s", got)
	}
	if r := s.install(t, back1, call); !r.Changed {
		t.Errorf("first call: changed=false")
	}
	for _, host := range []string{front, back1, back2} {
		s.resolves(t, host, "influxdb", "10 100 8086 node-back-1.influxdb."+zone+".")
	}
	if got := s.dig(t, back2, "influxdb."+zone); got != s.Addr(back1).String() {
		t.Errorf("A influxdb on %s = %q, want %s", back2, got, s.Addr(back1))
	}
	if got := s.sh(t, back1, "cd /var/log/docker-influxdb && stat -c '%a %n' . announce"); got != "750 .\n750 announce" {
		t.Errorf("others may read logs: modes of the folders are %q", got)
	}
	for _, flag := range []string{"", "--check"} {
		if r := s.rundock(t, back1, call, strings.Fields(flag)...); r.Failed || r.Changed {
			t.Errorf("second call %s = %+v, want ok and unchanged", flag, r)
		}
	}

	s.install(t, back2, "state=enabled name=grafana image="+images+`grafana:latest args="-e INFLUXDB_HOST=influxdb.`+zone+` -e INFLUXDB_PORT=8086" announce=8087 port=80`)
	s.resolves(t, front, "grafana", "10 100 8087 node-back-2.grafana."+zone+".")
	if got := s.sh(t, front, "curl -sf http://grafana."+zone+":8087/get?url=http://influxdb."+zone+":8086/ping -w '%{http_code}'"); !strings.HasSuffix(got, "200") && !strings.HasSuffix(got, "204") {
		t.Errorf("influxdb asked by name from inside the container of grafana answers %q", got)
	}

	before := s.id(t, back1, "influxdb")
	s.sh(t, front, "curl -s http://influxdb."+zone+":8086/sick || true")
	s.resolves(t, front, "influxdb", "")
	s.sh(t, back1, "curl -s http://"+s.Addr(back1).String()+":8086/well")
	s.resolves(t, front, "influxdb", "10 100 8086 node-back-1.influxdb."+zone+".")
	if got := s.id(t, back1, "influxdb"); got != before {
		t.Errorf("being unwell restarted the container: %s, then %s", before, got)
	}

	if r := s.install(t, back1, "state=disabled name=influxdb"); !r.Changed {
		t.Errorf("disabled: changed=false")
	}
	s.resolves(t, back2, "influxdb", "")
	if got := s.id(t, back1, "influxdb"); got != "" {
		t.Errorf("container %s runs although its service is disabled", got)
	}
	if r := s.install(t, back1, "state=disabled name=influxdb"); r.Changed {
		t.Errorf("disabled again: changed=true")
	}
	if r := s.install(t, back1, "state=absent name=influxdb"); !r.Changed {
		t.Errorf("absent: changed=false")
	}
	if got := s.sh(t, back1, "ls -d /etc/sv/docker-influxdb /run/rundock/influxdb /var/lib/rundock/influxdb 2>/dev/null || true; docker ps -aq -f name=^influxdb"); got != "" {
		t.Errorf("absent leaves %q", got)
	}
}

func TestSmoke_site_yml_a_second_time_changes_nothing(t *testing.T) {
	s := need(t)
	var out string
	err := s.hidingPython(func() (err error) {
		out, err = s.playbook("playbooks/site.yml")
		return err
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, recap, _ := strings.Cut(out, "PLAY RECAP")
	if n := strings.Count(recap, "changed=0 "); n != 3 {
		t.Errorf("want changed=0 on three hosts:\n%s", out)
	}
}
