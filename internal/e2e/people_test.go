package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
)

// A peoplesStack is a compose file that somebody else wrote, and how many instances it has
// here, with what is given to the call.
type peoplesStack struct {
	file      string // below internal/stack/compose/testdata/cases
	instances int
	scale     map[string]int
}

// Those whose containers go on. What takes ports of hosts is apart, as two of these cannot be at
// once. The first ones of each list run in every test of the lab.
var (
	peopleWithPorts = []peoplesStack{
		{"classic/redmine.yml", 2, nil},
		{"classic/nodes.yml", 15, map[string]int{"consul": 3, "registrator": 3, "haproxy": 3, "apache": 6}},
		{"example-voting-app/docker-stack.yml", 7, nil},
		{"awesome-compose/nextcloud-redis-mariadb/compose.yaml", 3, nil},
		{"awesome-compose/portainer/compose.yaml", 1, nil},
		{"docker-compose-1.29.2/ports-composefile/docker-compose.yml", 1, nil},
		{"docker-compose-1.29.2/ports-composefile/expanded-notation.yml", 1, nil},
		{"docker-compose-1.29.2/ports-composefile-scale/docker-compose.yml", 1, nil},
	}
	peopleWithoutPorts = []peoplesStack{
		{"docker-compose-1.29.2/networks/docker-compose.yml", 3, nil},
		{"docker-compose-1.29.2/build-multiple-composefile/docker-compose.yml", 2, nil}, // both are built
		{"docker-compose-1.29.2/net-container/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/links-composefile/docker-compose.yml", 3, nil},
		{"docker-compose-1.29.2/duplicate-override-yaml-files/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/exec-novalue-var/docker-compose.yml", 1, nil},
		{"docker-compose-1.29.2/longer-filename-composefile/docker-compose.yaml", 1, nil},
		{"docker-compose-1.29.2/multiple-composefiles/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/multiple-composefiles/compose2.yml", 1, nil},
		{"docker-compose-1.29.2/networks/default-network-config.yml", 2, nil},
		{"docker-compose-1.29.2/networks/network-aliases.yml", 1, nil},
		{"docker-compose-1.29.2/networks/network-internal.yml", 1, nil},
		{"docker-compose-1.29.2/networks/network-label.yml", 1, nil},
		{"docker-compose-1.29.2/no-links-composefile/docker-compose.yml", 3, nil},
		{"docker-compose-1.29.2/override-files/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/override-yaml-files/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/run-labels/docker-compose.yml", 1, nil},
		{"docker-compose-1.29.2/scale/docker-compose.yml", 3, nil},
		{"docker-compose-1.29.2/simple-composefile/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/top/docker-compose.yml", 2, nil},
		{"docker-compose-1.29.2/v2-dependencies/docker-compose.yml", 3, nil},
		{"docker-compose-1.29.2/volumes/volume-label.yml", 1, nil},
	}
)

// peoplesImages are made from nothing, under the names that the files have: a shell, and for
// all others a program that goes on whatever it is told.
const peoplesImages = `printf 'FROM ` + images + `busybox:latest\nRUN printf "#!/bin/sh\\nexec sleep 1000000\\n" >/bin/anything && chmod 755 /bin/anything\nENTRYPOINT ["/bin/anything"]\n' | DOCKER_BUILDKIT=0 docker build -q -t people/anything - >/dev/null
for name in busybox busybox:1.27.2 busybox:1.31.0-uclibc alpine:3.10.1 alpine; do docker tag ` + images + `busybox:latest $name; done
for name in progrium/consul sttts/registrator shayashibara/docker-consul-template-haproxy httpd postgres:9.5 redmine:2.6.8 redis:alpine postgres:15-alpine \
  dockersamples/examplevotingapp_vote dockersamples/examplevotingapp_result dockersamples/examplevotingapp_worker nextcloud:apache mariadb:10.5 \
  portainer/portainer-ce:alpine nginx; do docker tag people/anything $name; done`

// TestPeoplesStacks runs compose files that other people wrote, from nothing to nothing: the
// first of them, or all with RUNDOCK_LAB_PEOPLE=all.
func TestPeoplesStacks(t *testing.T) {
	s := need(t)
	for _, host := range []string{front, back1, back2} {
		s.sh(t, host, peoplesImages)
	}
	var work sync.WaitGroup
	for which, list := range [][]peoplesStack{peopleWithPorts, peopleWithoutPorts} {
		if os.Getenv("RUNDOCK_LAB_PEOPLE") != "all" {
			list = list[:2-which]
		}
		work.Go(func() {
			for n, p := range list {
				s.runs(t, fmt.Sprintf("p%d-%d", which, n), p)
			}
		})
	}
	work.Wait()
}

// runs deploys somebody's stack, sees that all of it runs, and removes it.
func (s *setup) runs(t *testing.T, name string, p peoplesStack) {
	if strings.HasPrefix(p.file, "classic/nodes") {
		name = "nodes" // which its rules say
	}
	const cases = "../stack/compose/testdata/cases"
	folder := filepath.Join(t.TempDir(), "project")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(cases, filepath.Dir(p.file)))); err != nil {
		t.Error(err)
		return
	}
	file := filepath.Join(folder, filepath.Base(p.file))
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.NewReplacer("swarm-node01", back1, "swarm-node02", back2).Replace(string(text))), 0o644)
	}
	variables := map[string]any{"stack_scale": p.scale, "stack_env": map[string]string{"MYVAR": "x"}, "rundock_stack_timeout": 120}
	if err != nil {
		t.Error(err)
		return
	}
	if out, err := s.playbook(stackArgs(name, file, variables)...); err != nil {
		t.Errorf("%s: %v\n%s", p.file, err, out)
	} else {
		all := ""
		for _, host := range []string{front, back1, back2} {
			has, err := s.try(host, "docker ps --filter label=com.docker.compose.project="+name+" --format '{{.Names}} {{.State}}'")
			all += has + "\n"
			if err != nil {
				t.Errorf("%s: %s: %v", p.file, host, err)
			}
		}
		if got := strings.Count(all, " running"); got != p.instances {
			t.Errorf("%s: %d run, want %d:\n%s", p.file, got, p.instances, all)
		}
		t.Logf("%s: %d instances", p.file, strings.Count(all, " running"))
	}
	if out, err := s.playbook(stackArgs(name, file, variables, "-e", "stack_state=absent")...); err != nil {
		t.Errorf("%s: absent: %v\n%s", p.file, err, out)
	}
	await.Empty(t, "of "+p.file+" nothing is left", func() string {
		left := ""
		for _, host := range []string{front, back1, back2} {
			has, err := s.try(host, "docker ps -aq --filter label=com.docker.compose.project="+name+"; docker network ls -q --filter name=^"+name+"_; ls -d /etc/sv/docker-"+name+"-* /etc/rundock/stacks/"+name+" 2>/dev/null; true")
			if left += has; err != nil {
				left += err.Error()
			}
		}
		return left
	})
}
