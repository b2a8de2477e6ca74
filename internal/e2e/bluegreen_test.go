package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"rundock/internal/await"
)

// blueGreen is a service web on both back hosts, behind load balancers on the
// front host and on one of them.
type blueGreen struct{ *setup }

// site has the two load balancers stand so.
func (s blueGreen) site(t *testing.T, variables map[string]any) {
	t.Helper()
	if out, err := s.playbook("-i", s.balanced(t, variables), "playbooks/site.yml", "--limit", front+","+back2); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// balancing has load balancers give web what comes to port 8090.
var balancing = map[string]any{
	"rundock_loadbalancer_frontends": []any{map[string]any{"name": "web", "bind": []string{"*:8090"}, "service": "web"}},
	"rundock_loadbalancer_services":  []any{map[string]any{"name": "web", "check": map[string]any{"path": "/health"}}},
}

// unbalanced has them be none any more.
var unbalanced = map[string]any{"rundock_loadbalancer_state": "absent"}

// balanced is an inventory of the two load balancers with these variables.
func (s blueGreen) balanced(t *testing.T, variables map[string]any) string {
	t.Helper()
	return balanced(t, variables, front, back2)
}

// deploy runs deploy.yml for a version, and returns what it prints.
func (s blueGreen) deploy(version string, env map[string]string, more ...string) (string, error) {
	all := map[string]string{"APP_VERSION": version}
	for name, value := range env {
		all[name] = value
	}
	variables, err := json.Marshal(map[string]any{
		"deploy_hosts": back1 + "," + back2, "deploy_service": "web", "deploy_image": images + "influxdb:latest", "deploy_port": 8086,
		"deploy_ports": map[string]int{"blue": 8091, "green": 8092}, "deploy_path": "/health", "deploy_env": all, "deploy_drain": 5, "deploy_wait_timeout": 60, "deploy_who": "ada",
	})
	if err != nil {
		return "", err
	}
	return s.playbook(append([]string{"playbooks/deploy.yml", "-e", string(variables)}, more...)...)
}

// deployed is deploy that must succeed.
func (s blueGreen) deployed(t *testing.T, version string) {
	t.Helper()
	if out, err := s.deploy(version, nil); err != nil {
		t.Fatalf("version %s: %v\n%s\n%s", version, err, out, s.story("web-blue")+s.story("web-green"))
	}
}

// at is the service's address at a load balancer.
func (s blueGreen) at(host string) string { return "http://" + s.Addr(host).String() + ":8090" }

// serves waits until a version answers by each load balancer, and by DNS.
func (s blueGreen) serves(t *testing.T, version, colour string) {
	t.Helper()
	for _, host := range []string{front, back2} {
		await.Empty(t, "version "+version+" by "+host, func() string {
			out, err := s.try(back1, "curl -sf "+s.at(host)+"/ping")
			switch {
			case err != nil:
				return err.Error() // curl -f prints nothing
			case out != "pong influxdb "+version:
				return "it answers " + out
			}
			return ""
		})
	}
	await.Empty(t, "the service's name answers "+colour, func() string {
		out := s.dig(t, front, "SRV web."+zone)
		if strings.Count(out, "\n") != 1 || strings.Count(out, "-"+colour+".web.") != 2 {
			return heard(out)
		}
		return ""
	})
}

// load has a client for each load balancer send POSTs until ended, which returns
// how many each sent, and the failures.
func (s blueGreen) load(t *testing.T) (ended func() (sent []string, failures string)) {
	t.Helper()
	const dir = "/run/bluegreen"
	client := ""
	for _, host := range []string{front, back2} {
		client += `
( n=0; while [ -e ` + dir + `/on ]; do
  n=$((n + 1)); curl -sS -o /dev/null -w "%{http_code}\n" -X POST ` + s.at(host) + `/well 2>&1 | grep -vx 200 >>` + dir + `/failed
  sleep 0.02
done; echo $n >` + dir + `/sent-` + host + ` ) >/dev/null 2>&1 &`
	}
	s.sh(t, back1, "rm -rf "+dir+"; mkdir "+dir+"; touch "+dir+"/on "+dir+"/failed"+client)
	return func() ([]string, string) {
		s.sh(t, back1, "rm "+dir+"/on")
		await.Empty(t, "both clients have ended", func() string {
			if out := s.sh(t, back1, "ls "+dir); strings.Count(out, "sent-") != 2 {
				return heard(out)
			}
			return ""
		})
		failures := s.sh(t, back1, "cat "+dir+"/failed")
		sent := strings.Fields(s.sh(t, back1, "cat "+dir+"/sent-*"))
		s.sh(t, back1, "rm -rf "+dir)
		return sent, failures
	}
}

// TestBlueGreen is a service with two colours behind two load balancers, from its
// first version to the way back from a bad one, under load.
func TestBlueGreen(t *testing.T) {
	s := blueGreen{need(t)}
	t.Cleanup(func() {
		await.Nil(t, "the colours are forgotten", func() error {
			_, err := s.try(front, "rundockd switch web --forget")
			return err
		})
	})
	s.remove(t, back1, "web-blue", "web-green")
	s.remove(t, back2, "web-blue", "web-green")
	t.Cleanup(func() { s.site(t, unbalanced) })
	s.site(t, balancing)

	s.deployed(t, "1")
	s.serves(t, "1", "blue")
	ended := s.load(t)
	t.Run("a version takes over", func(t *testing.T) {
		s.deployed(t, "2")
		s.serves(t, "2", "green")
	})
	t.Run("a second run changes nothing", func(t *testing.T) {
		out, err := s.deploy("2", nil)
		if _, recap, _ := strings.Cut(out, "PLAY RECAP"); err != nil || strings.Count(recap, "changed=0 ") != 2 {
			t.Errorf("want changed=0: %v\n%s", err, out)
		}
		s.serves(t, "2", "green")
	})
	t.Run("hosts that are left out are named", func(t *testing.T) {
		for _, c := range []struct{ how, variable, want string }{
			{"--limit", back1, "--limit leaves out " + back2 + " of deploy_hosts"},
			{"-e", "deploy_hosts=" + back1, "blue of web is announced by " + back2 + " as well"},
		} {
			if out, err := s.deploy("3", nil, c.how, c.variable); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%s %s: %v, want %q:\n%s", c.how, c.variable, err, c.want, out)
			}
		}
		s.serves(t, "2", "green")
	})
	t.Run("check mode says what it would do", func(t *testing.T) {
		out, err := s.deploy("3", nil, "--check", "--diff")
		if err != nil || !strings.Contains(out, "APP_VERSION") {
			t.Errorf("%v\n%s", err, out)
		}
		s.serves(t, "2", "green")
	})
	t.Run("a version that fails gets no traffic, and its log is told", func(t *testing.T) {
		out, err := s.deploy("bad", map[string]string{"APP_EXIT": "7"})
		if err == nil || !strings.Contains(out, "influxdb leaving with 7") {
			t.Errorf("want it failed with the log: %v\n%s", err, out)
		}
		s.serves(t, "2", "green")
	})
	t.Run("the version before is warm", func(t *testing.T) {
		s.deployed(t, "1")
		s.serves(t, "1", "blue")
	})
	t.Run("a switch says whether it could be made", func(t *testing.T) {
		r := s.call(t, back1, "rundock_switch", "service=web to=green path=/health", "--check", "--diff")
		if r.Failed || !r.Changed || !strings.HasPrefix(r.Msg, "would prepare green on "+back2+", "+front+", send all to green") || !strings.Contains(r.shown, "+green") {
			t.Errorf("check = %+v", r)
		}
		if r := s.call(t, back1, "rundock_switch", "service=wbe to=green"); !r.Failed || !strings.Contains(r.Msg, "service wbe: there is none of this name") {
			t.Errorf("an unknown service: %+v", r)
		}
		if r := s.call(t, back1, "rundock_switch", "service=web to=blue"); r.Failed || r.Changed {
			t.Errorf("the active colour: %+v", r)
		}
	})
	t.Run("to and fro under load", func(t *testing.T) {
		out, err := s.try(back1, "rundockd verify-switch web --url "+s.at(front)+"/well --url "+s.at(back2)+"/well --flips 4 --kept 4 --fresh 2 --drain 3")
		if err != nil || !strings.Contains(out, "4 switches, ") || !strings.Contains(out, ", 0 requests failed.") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	if sent, failures := ended(); failures != "" {
		t.Errorf("requests that failed, of %v: %s", sent, failures)
		for _, host := range []string{front, back2} {
			out, _ := s.try(host, "tail -n 60 /var/log/haproxy/current; tail -n 20 /var/log/rundock-balance/current")
			t.Logf("%s:\n%s", host, out)
		}
	}
	t.Run("an instance that crashes is out of rotation on both", s.crashesOutOfRotation)
	t.Run("a load balancer that is down is named", func(t *testing.T) {
		s.sh(t, back2, "sv -w 30 down rundock-balance")
		defer func() {
			s.sh(t, back2, "sv up rundock-balance")
			await.Empty(t, "it acknowledges again", func() string {
				out, err := s.try(front, "rundockd switch web")
				if err != nil {
					return heard(out)
				}
				return ""
			})
		}()
		await.Empty(t, "its acknowledgement has ended", func() string {
			out, _ := s.try(front, "rundockd switch web")
			if !strings.Contains(out, " down ") {
				return heard(out)
			}
			return ""
		})
		if r := s.call(t, back1, "rundock_switch", "service=web to=green"); !r.Failed || !strings.Contains(r.Msg, "load balancer "+back2+" is down") {
			t.Errorf("switch = %+v", r)
		}
		s.serves(t, "1", "blue")
	})
	t.Run("the history tells who and why", func(t *testing.T) {
		out := s.sh(t, front, "rundockd history web")
		lines := strings.Split(out, "\n")
		if len(lines) != 1+2+4 || !strings.Contains(lines[len(lines)-1], " ada ") || !strings.Contains(lines[len(lines)-1], " "+images) || !strings.Contains(lines[len(lines)-1], "@sha256:") || !strings.Contains(lines[len(lines)-1], " switched") {
			t.Errorf("history = %s", out)
		}
	})
	t.Run("status and explain know the colours", func(t *testing.T) {
		out, _ := s.try(back1, "rundockd explain web-green")
		if !strings.Contains(out, "green is idle: blue answers the name of web") || !strings.Contains(out, "Nothing is wrong.") {
			t.Errorf("explain = %s", out)
		}
	})
	t.Run("one is removed by its colour", func(t *testing.T) {
		if r := s.rundock(t, back1, "state=absent name=web colour=green"); r.Failed || !r.Changed {
			t.Errorf("absent = %+v", r)
		}
	})
}
