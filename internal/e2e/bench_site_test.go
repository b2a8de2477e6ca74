package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/lab"
)

// TestBenchSite measures how long it takes to make bare hosts a working site, and a run of site.yml that changes
// nothing there; with RUNDOCK_BENCH=1 five hosts, of which three keep etcd and two are load balancers, and then twenty.
func TestBenchSite(t *testing.T) {
	s := need(t)
	t.Run("from a collection", func(t *testing.T) { s.collected(t) })
	if !benching() {
		return
	}
	t.Run("five bare hosts", func(t *testing.T) {
		o := s.another(t, lab.Options{Hosts: 5, Flavour: lab.Bare})
		vars := append(etcdOn([]string{front, back1, back2}), "-i", balanced(t, map[string]any{
			"rundock_loadbalancer_frontends": []any{map[string]any{"name": "web", "bind": []string{"*:8088"}, "service": "s0"}},
			"rundock_loadbalancer_services":  []any{map[string]any{"name": "s0", "check": map[string]any{"path": "/ping"}}},
		}, front, back1))
		took, _ := o.timed(t, append(vars, "playbooks/site.yml")...)
		o.pushed(t)
		services, _ := o.timed(t, append(vars, "internal/e2e/testdata/bench/ten.yml", "-e", "image="+images+"influxdb:latest")...)
		o.awaitBalanced(t, "the load balancer has s0", "s0:1/1")
		distribution("five bare hosts to ten services", []time.Duration{took + services}, "4 min")
		distribution("five hosts, with nothing to do", o.idle(t, 5, vars...), "")
		o.losesEach(t)
	})
	t.Run("three hosts and twenty", func(t *testing.T) {
		for _, hosts := range []int{3, 20} {
			o := s.another(t, lab.Options{Hosts: hosts})
			o.timed(t, "playbooks/site.yml", "--forks", "20")
			distribution(strconv.Itoa(hosts)+" hosts, with nothing to do", o.idle(t, hosts), map[int]string{3: "3.6 s", 20: "20 s"}[hosts])
			distribution(strconv.Itoa(hosts)+" hosts, one empty command each", o.emptyCommands(t), "none: it is Ansible's and ssh's")
			if _, err := o.Down(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// timed is how long a run of ansible-playbook takes, from Ansible's own start, and what it prints.
func (s *setup) timed(t *testing.T, args ...string) (took time.Duration, says string) {
	t.Helper()
	since := time.Now()
	out, err := own(s.checkout, "ansible-playbook", append([]string{"-i", s.inventory}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return time.Since(since), string(out)
}

// idle is how long runs of site.yml take that change nothing on any of the hosts.
func (s *setup) idle(t *testing.T, hosts int, vars ...string) (took []time.Duration) {
	t.Helper()
	for range min(rounds(), 3) {
		one, says := s.timed(t, append([]string{"--forks", "20", "playbooks/site.yml"}, vars...)...)
		if strings.Count(says, "changed=0 ") != hosts {
			t.Fatalf("want changed=0 on %d hosts:\n%s", hosts, says)
		}
		took = append(took, one)
	}
	return took
}

// emptyCommands is how long Ansible takes for the least that it does on all hosts: one task, of one command.
func (s *setup) emptyCommands(t *testing.T) (took []time.Duration) {
	t.Helper()
	for range min(rounds(), 3) {
		since := time.Now()
		if out, err := own(s.checkout, "ansible", "-i", s.inventory, "--forks", "20", "all", "-m", "raw", "-a", "true").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		took = append(took, time.Since(since))
	}
	return took
}

// pushed has the image registry have the test images.
func (s *setup) pushed(t *testing.T) {
	t.Helper()
	archives, err := s.Images(t.Context())
	if err == nil {
		_, err = s.Push(t.Context(), archives)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// collected has somebody who has no checkout make a bare host a site, by the collection, and install a service there.
func (s *setup) collected(t *testing.T) {
	o := s.another(t, lab.Options{Hosts: 1, Flavour: lab.Bare})
	folder := t.TempDir()
	run := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+folder, "ANSIBLE_NOCOLOR=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	collection := exec.CommandContext(t.Context(), "go", "run", "./internal/collection/cmd/collection", "-to", folder)
	collection.Dir = s.checkout
	if out, err := collection.CombinedOutput(); err != nil {
		t.Fatalf("make the collection: %v\n%s", err, out)
	}
	found, err := filepath.Glob(folder + "/rundock-rundock-*.tar.gz")
	if err != nil || len(found) != 1 {
		t.Fatalf("the collection is %v: %v", found, err)
	}
	since := time.Now()
	run(folder, "ansible-galaxy", "collection", "install", found[0])
	run(folder, "ansible-playbook", "-i", o.inventory, "rundock.rundock.site", "-e", "rundock_bin="+s.checkout+"/bin", "-e", "rundock_backups="+folder+"/backups")
	took := time.Since(since)
	o.pushed(t) // which has no part in it: a site's images are in a registry
	since = time.Now()
	call := `{"state":"enabled","name":"first","image":"` + images + `influxdb:latest","published_ports":["$PRIVATE_IP:8086:8086"],"announces":[{"port":8086}],"wait":"announced"}`
	run(folder, "ansible", "-i", o.inventory, front, "-m", "rundock.rundock.rundock", "-a", call)
	took += time.Since(since)
	await.Equal(t, "the service is found", o.Addr(front).String(), func() string { return o.dig(t, front, "first."+zone) })
	distribution("collection to first service, bare host", []time.Duration{took}, "60 s")
	distribution("one host, with nothing to do", o.idle(t, 1), "")
	o.says(t, front, "rundockd status first", "0", "running", "healthy")
}

// losesEach takes the power from each of five hosts in turn, of which the first two are load balancers, the first
// three keep etcd and the last two have the instances of a service, while clients ask for the service by the
// other load balancer, and all other hosts look it up.
func (s *setup) losesEach(t *testing.T) {
	const back3, back4 = "node-back-3", "node-back-4"
	hosts := []string{front, back1, back2, back3, back4}
	for _, host := range hosts[3:] {
		s.install(t, host, "state=enabled name=s0 image="+images+"influxdb:latest announce=8087 port=8086 wait=announced")
	}
	s.awaitBalanced(t, "the load balancer has three instances", "s0:3/3")
	s.absent(t, back1, "s0")
	s.awaitBalanced(t, "the load balancer has two instances", "s0:2/2")
	for _, lost := range hosts {
		balancer := front
		if lost == front {
			balancer = back1
		}
		ctx, stop := context.WithCancel(t.Context())
		l := &load{stop: stop, done: map[string]int{}}
		l.repeat(ctx, "request", fresh("http://"+s.Addr(balancer).String()+":8088/well"))
		s.lookedUp(ctx, l, "s0", hosts, lost)
		gone := time.Now()
		if err := s.Stop(lost); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Start(context.Background(), lost) }) // where the test fails before it does
		if lost == back3 || lost == back4 {
			s.answers(t, back2, "s0", 1)
		}
		left := time.Since(gone)
		time.Sleep(11 * time.Second) // what was asked for until then has ended
		l.mu.Lock()
		early := len(l.failed)
		l.mu.Unlock()
		time.Sleep(10 * time.Second) // in all longer than the leases of records, which are of 15 s
		if err := s.Start(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		s.answers(t, lost, "s0", 2)
		s.awaitMembers(t, front, 3, "all members of etcd")
		s.awaitBalanced(t, "both instances are balanced", "s0:2/2")
		stop()
		l.clients.Wait()
		fmt.Printf("measured: power loss of %s: %v, %d failed; its records were gone after %s\n", lost, l.done, len(l.failed), left.Round(time.Millisecond))
		if lost != back3 && lost != back4 && len(l.failed) > 0 || len(l.failed) > early {
			t.Errorf("after the loss of %s, whose records were gone after %s, these failed:\n%s", lost, left, strings.Join(l.failed[:min(len(l.failed), 30)], "\n"))
		}
	}
}

// answers waits until a host's dnsd has so many records of a service.
func (s *setup) answers(t *testing.T, host, service string, count int) {
	t.Helper()
	await.Empty(t, fmt.Sprintf("%s answers %d records of %s", host, count, service), func() string {
		if n, err := srv(s.Addr(host).String()+":53", service); n != count || err != nil {
			return fmt.Sprintf("it answers %d, %v", n, err)
		}
		return ""
	})
}
