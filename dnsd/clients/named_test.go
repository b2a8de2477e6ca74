package clients

import (
	"os"
	"strings"
	"testing"

	"rundock/internal/registry/etcdtest"
)

// A host has a dnsd where resolv.conf can name it: at port 53, on the
// address of 127/8 that this test process has for itself. Other people's names it
// asks of an Unbound, for which there is one.
type host struct {
	*site
	address string
}

const elsewhere = `
server:
    local-zone: "." static
    local-data: "www.example.net. 30 A 127.9.9.9"
`

// named are the clients that take their nameserver from resolv.conf.
func named(t *testing.T, s *site) {
	if os.Geteuid() != 0 {
		t.Skip("only root can listen on port 53 and mount another resolv.conf")
	}
	_, at, port := resolve(t, elsewhere)
	h := &host{s, etcdtest.Host().String()}
	s.start(t, "--listen="+h.address+":53", "--upstream="+at+":"+port)
	t.Run("libraries", func(t *testing.T) {
		t.Parallel()
		libraries(t, h)
	})
	t.Run("Prometheus", func(t *testing.T) {
		t.Parallel()
		prometheus(t, h)
	})
}

// command is a command that has the README's resolv.conf with this nameserver,
// in a mount namespace of its own, and looks up host names by DNS alone.
func (h *host) command(t *testing.T, command ...string) []string {
	t.Helper()
	return h.searching(t, "", command...)
}

// searching is command with other search domains.
func (h *host) searching(t *testing.T, domains string, command ...string) []string {
	t.Helper()
	conf := h.resolvConf(t, h.address) + "options timeout:20\n"
	if domains != "" {
		conf += "search " + domains + "\n" // the last line of its kind counts
	}
	return in(t, conf, command...)
}

// resolvConf is the README's, with first and then this host's dnsd.
func (h *host) resolvConf(t *testing.T, first string) string {
	t.Helper()
	return strings.NewReplacer("127.0.0.1", first, "10.1.0.3", h.address).Replace(recipe(t, "nameserver 127.0.0.1\n"))
}

// in is a command with this resolv.conf.
func in(t *testing.T, conf string, command ...string) []string {
	t.Helper()
	mounts := `mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"`
	return append([]string{"unshare", "--mount", "sh", "-ec", mounts, "sh", file(t, "resolv.conf", conf), file(t, "nsswitch.conf", "hosts: dns\n")}, command...)
}
