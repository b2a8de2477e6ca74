package clients

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// libraries looks names up as programs do that link glibc or musl, and with
// busybox. musl before 1.2.4, as many images have it, asks A and AAAA at once
// from one socket, without EDNS, knows no TCP, and takes an NXDOMAIN to either
// for there being no such name.
func libraries(t *testing.T, h *host) {
	need(t, "gcc", "musl-gcc", "busybox", "getent")
	const web = "127.9.0.1 127.9.0.2 127.9.0.3"
	for _, library := range []struct{ name, compiler string }{{"glibc", "gcc"}, {"musl", "musl-gcc"}} {
		program := filepath.Join(t.TempDir(), "lookup")
		output(t, library.compiler, "-o", program, "testdata/lookup.c")
		names, want := []string{program}, []string{}
		for _, c := range []struct{ name, addresses string }{
			{"web." + zone, web},
			{"web." + zone + ".", web},
			{"node-2.web." + zone, "127.9.0.2"},
			{"dual." + zone, "127.9.0.5 fd00::5"},
			{"six." + zone, "fd00::6"},
			{"alias." + zone, web},
			{"whatever.app." + zone, "127.9.0.8"},
			{"nope." + zone, "no such name"},
			// By the search domain.
			{"web", web},
			{"alias", web},
			{"dual", "127.9.0.5 fd00::5"},
			{"nope", "no such name"},
			// Upstream.
			{"www.example.net", "127.9.9.9"},
			{"away", "127.9.9.9"},
			{"nope.example.net", "no such name"},
		} {
			names, want = append(names, c.name), append(want, c.name+": "+c.addresses)
		}
		got := strings.Split(strings.TrimSpace(output(t, h.command(t, names...)...)), "\n")
		for i, line := range got {
			name, rest, _ := strings.Cut(line, ": ")
			if strings.ContainsAny(rest, ".:") {
				addresses := strings.Fields(rest)
				slices.Sort(addresses)
				got[i] = name + ": " + strings.Join(addresses, " ")
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s finds\n%s\nwant\n%s", library.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		got = strings.Fields(output(t, h.command(t, program, "many")...))
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
