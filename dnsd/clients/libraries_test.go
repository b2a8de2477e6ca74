package clients

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/registry/etcdtest"
)

// libraries looks names up as programs do that link glibc or musl, and with
// busybox. musl before 1.2.4, as many images have it, asks A and AAAA at once
// from one socket, without EDNS, knows no TCP, and takes an NXDOMAIN to either
// for there being no such name.
func libraries(t *testing.T, h *host) {
	need(t, "gcc", "musl-gcc", "busybox", "getent")
	for _, library := range []struct{ name, compiler string }{{"glibc", "gcc"}, {"musl", "musl-gcc"}} {
		program := filepath.Join(t.TempDir(), "lookup")
		output(t, library.compiler, "-o", program, "testdata/lookup.c")
		for _, c := range []struct {
			domains string // that are searched, instead of the README's
			want    string // names and their addresses
		}{
			{want: `
web.s.prod.example.com: 127.9.0.1 127.9.0.2 127.9.0.3
web.s.prod.example.com.: 127.9.0.1 127.9.0.2 127.9.0.3
node-2.web.s.prod.example.com: 127.9.0.2
dual.s.prod.example.com: 127.9.0.5 fd00::5
six.s.prod.example.com: fd00::6
alias.s.prod.example.com: 127.9.0.1 127.9.0.2 127.9.0.3
whatever.app.s.prod.example.com: 127.9.0.8
nope.s.prod.example.com: no such name
web: 127.9.0.1 127.9.0.2 127.9.0.3
alias: 127.9.0.1 127.9.0.2 127.9.0.3
dual: 127.9.0.5 fd00::5
six: fd00::6
nope: no such name
www.example.net: 127.9.9.9
away: 127.9.9.9
nope.example.net: no such name
`},
			{domains: staging + " " + zone, want: `
web: 127.9.0.14
deep: 127.9.0.15
dual: 127.9.0.5 fd00::5
nope: no such name
`},
			{domains: "elsewhere.example.net " + zone, want: `
web: 127.9.0.1 127.9.0.2 127.9.0.3
nope: no such name
`},
		} {
			command := []string{program}
			for line := range strings.Lines(c.want[1:]) {
				name, _, _ := strings.Cut(line, ": ")
				command = append(command, name)
			}
			if got := "\n" + inOrder(output(t, h.searching(t, c.domains, command...)...)); got != c.want {
				t.Errorf("%s (search domains %q) finds%swant%s", library.name, c.domains, got, c.want)
			}
		}
		secondResolver(t, h, library.name, program)
		got := strings.Fields(output(t, h.command(t, program, "many")...))
		slices.Sort(got)
		if got = slices.Compact(got); library.name == "glibc" && len(got) != 1+60 || len(got) < 1+20 {
			t.Errorf("%s finds %d addresses of 60: %v", library.name, len(got)-1, got)
		}
	}

	for _, c := range []struct {
		command string
		want    string
	}{
		{"getent ahosts web", "127.9.0.2"},
		{"getent ahosts node-2.web", "127.9.0.2"}, // asked as it is first: it has a dot
		{"getent hosts 127.9.0.2", "node-2.web." + zone},
		{"busybox nslookup web", "Name:\tweb." + zone},
		{"busybox nslookup away." + zone, "127.9.9.9"},
		{"busybox nslookup -type=srv _http._tcp.web." + zone, "_http._tcp.web." + zone + "\tservice = 10 33 80 node-2.web." + zone},
		{"busybox nslookup -type=txt note." + zone, "note." + zone + "\ttext = "},
		{"busybox nslookup 127.9.0.2", "2.0.9.127.in-addr.arpa\tname = node-2.web." + zone},
	} {
		if got := output(t, h.command(t, strings.Fields(c.command)...)...); !strings.Contains(got, c.want) {
			t.Errorf("%s prints\n%s\nwant %q", c.command, got, c.want)
		}
	}
}

// secondResolver looks names up where the first nameserver is gone, or hangs: the
// second one has them found all the same.
func secondResolver(t *testing.T, h *host, library, program string) {
	t.Helper()
	silent := etcdtest.Host().To4()
	silent[1] ^= 128
	gone := etcdtest.Host().To4()
	gone[1] ^= 129
	socket, err := net.ListenPacket("udp", net.JoinHostPort(silent.String(), "53"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for what, first := range map[string]string{"gone": gone.String(), "silent": silent.String()} {
		conf := h.resolvConf(t, first)
		if what == "silent" {
			conf += "options timeout:5\n" // here the machine is busier than a host
		}
		got := inOrder(output(t, in(t, conf, program, "web", "node-2.web."+zone, "www.example.net")...))
		if want := "web: 127.9.0.1 127.9.0.2 127.9.0.3\nnode-2.web." + zone + ": 127.9.0.2\nwww.example.net: 127.9.9.9\n"; got != want {
			t.Errorf("%s with the first nameserver %s finds\n%swant\n%s", library, what, got, want)
		}
	}
}

// inOrder sorts the addresses of each line.
func inOrder(lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.ContainsAny(rest, ".:") {
			addresses := strings.Fields(rest)
			slices.Sort(addresses)
			rest = strings.Join(addresses, " ")
		}
		b.WriteString(name + ": " + rest + "\n")
	}
	return b.String()
}
