package clients

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// A balancer is an HAProxy whose servers are those of SRV questions.
type balancer struct {
	*process
	socket string // of its statistics
}

// balance starts an HAProxy of a dnsd, with a backend for each of these names
// besides, with places for 80 servers.
func balance(t *testing.T, dnsd *process, conf string, names ...string) *balancer {
	t.Helper()
	need(t, "haproxy")
	dir, err := os.MkdirTemp("", "haproxy-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &balancer{socket: filepath.Join(dir, "stats")}
	conf = fmt.Sprintf(`
global
    stats socket %s mode 600
    nbthread 1
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
%s
`, b.socket, strings.Replace(conf, "127.0.0.1:53", "127.0.0.1:"+dnsd.port, 1))
	for _, name := range names {
		conf += fmt.Sprintf("backend %[1]s\n    balance roundrobin\n    server-template node 80 _http._tcp.%[1]s.%[2]s resolvers dnsd init-addr none\n", name, zone)
	}
	b.process = run(t, exec.Command("haproxy", "-db", "-f", file(t, "haproxy.cfg", conf)))
	await.True(t, "HAProxy is up", func() bool { return b.ask("show info") != "" })
	return b
}

// ask says what HAProxy answers on its socket, empty if it does not.
func (b *balancer) ask(command string) string {
	conn, err := net.Dial("unix", b.socket)
	if err != nil {
		return ""
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, command+"\n")
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// servers are those of a backend that traffic is sent to: name, port and
// address, with HAProxy's weight (1 to 256).
func (b *balancer) servers(t *testing.T, backend string) map[string]int {
	t.Helper()
	found := map[string]int{}
	var column map[string]int
	for line := range strings.Lines(b.ask("show servers state " + backend)) {
		fields := strings.Fields(strings.TrimPrefix(line, "# "))
		if len(fields) < 10 {
			continue
		}
		if column == nil {
			column = map[string]int{}
			for i, name := range fields {
				column[name] = i
			}
			continue
		}
		of := func(name string) string { return fields[column[name]] }
		const running, named = "2", "64"
		if of("srv_op_state") != running || of("srv_admin_state") != named {
			continue
		}
		weight, err := strconv.Atoi(of("srv_uweight"))
		if err != nil {
			t.Fatalf("HAProxy says %s: %v", line, err)
		}
		name, _, _ := strings.Cut(of("srv_fqdn"), ".")
		found[name+" "+of("srv_addr")+" "+of("srv_port")] = weight
	}
	return found
}

// haproxyWhole runs what the README says, with room for 60 instances in one
// answer.
func haproxyWhole(t *testing.T, s *site) {
	s.put(t, many("whole"))
	dnsd := s.start(t, "--max-udp=8192", "--srv-weights=scaled")
	b := balance(t, dnsd, strings.NewReplacer("web 100", "node 80", ".web.", ".whole.", "backend web", "backend whole").Replace(recipe(t, "resolvers dnsd\n")), "uneven")
	await.True(t, "all 60 servers are up", func() bool { return len(b.servers(t, "whole")) == 60 })
	if all := b.servers(t, "whole"); all["node-7 127.9.1.8 80"] != 256 {
		t.Errorf("servers and weights are %v", all)
	}
	await.True(t, "weights are as the records have them", func() bool {
		return fmt.Sprint(b.servers(t, "uneven")) == "map[node-1 127.9.0.11 80:256 node-2 127.9.0.12 80:171 node-3 127.9.0.13 80:2]"
	})

	changed := map[string]string{}
	for i := range 10 {
		changed[fmt.Sprintf("/com/example/prod/s/whole/node-%d", i)] = ""
		changed[fmt.Sprintf("/com/example/prod/s/whole/more-%d", i)] = fmt.Sprintf(`{"host":"127.9.2.%d","port":80,"ttl":5}`, 1+i)
	}
	s.put(t, changed)
	await.True(t, "servers are those of the records", func() bool {
		all := b.servers(t, "whole")
		if len(all) < 50 {
			t.Errorf("only %d servers are left", len(all))
		}
		_, gone := all["node-7 127.9.1.8 80"]
		_, come := all["more-7 127.9.2.8 80"]
		return len(all) == 60 && !gone && come
	})

	dnsd.command.Process.Kill()
	asked := func() int {
		_, rest, _ := strings.Cut(b.ask("show resolvers dnsd"), "sent:")
		n, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		count, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	before := asked()
	await.True(t, "HAProxy has asked in vain", func() bool { return asked() > before+4 })
	if up := len(b.servers(t, "whole")); up != 60 {
		t.Errorf("without dnsd %d servers are left", up)
	}
}

// haproxySubsets finds 60 instances by answers that hold some of them, other
// ones each time.
func haproxySubsets(t *testing.T, s *site) {
	s.put(t, many("subsets"))
	b := balance(t, s.dnsd, `
resolvers dnsd
    nameserver host 127.0.0.1:53
    accepted_payload_size 512
    timeout resolve 200ms
    timeout retry 1s
    hold valid 200ms
    hold obsolete 60s
`, "subsets", "uneven")
	before := 0
	await.True(t, "all 60 servers are up", func() bool {
		up := len(b.servers(t, "subsets"))
		if up < before {
			t.Errorf("of %d servers %d are left", before, up)
		}
		before = up
		return up == 60
	})
	await.True(t, "no server has weight 0", func() bool {
		return fmt.Sprint(b.servers(t, "uneven")) == "map[node-1 127.9.0.11 80:1 node-2 127.9.0.12 80:1 node-3 127.9.0.13 80:1]"
	})
	s.put(t, map[string]string{"/com/example/prod/s/subsets/late": `{"host":"127.9.2.1","port":80,"ttl":5}`})
	await.True(t, "one that comes later is up, and none is gone", func() bool {
		up := len(b.servers(t, "subsets"))
		if up < 60 {
			t.Errorf("of 60 servers %d are left", up)
		}
		return up == 61
	})
}
