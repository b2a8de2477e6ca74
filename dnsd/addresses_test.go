package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/netnstest"

	"github.com/miekg/dns"
)

// TestAddressesAreFollowed: dnsd answers at the private address that the host
// has now, and goes on at the loopback.
func TestAddressesAreFollowed(t *testing.T) {
	host := netnstest.New(t, "host")
	host.Sh("ip link add eth7 type bridge && ip link set eth7 up && ip addr add 10.9.0.7/24 dev eth7")
	file := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(file, []byte(`{"version":1,"host":"node-1","domain":"prod.example.com","label":"s","private":{"interface":"eth7"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	// Nothing has to be there for it to answer that it does not know yet.
	d := startCommand(t, exec.Command("nsenter", "--net="+fmt.Sprintf("/proc/%d%s", os.Getpid(), strings.TrimPrefix(host.Path(), "/proc/self")), program(t), "--host-config="+file, "--etcd=http://127.0.0.1:1"))
	at := func(address string) bool {
		answers := false
		host.Do(func() {
			c := dns.Client{Timeout: answerWithin}
			_, _, err := c.Exchange(new(dns.Msg).SetQuestion("web.s.prod.example.com.", dns.TypeA), address+":53")
			answers = err == nil
		})
		return answers
	}
	await.True(t, "it answers at the private address", func() bool { return at("10.9.0.7") })
	for i, address := range []string{"10.9.0.99", "10.9.0.100"} {
		host.Sh("ip addr flush dev eth7 && ip addr add " + address + "/24 dev eth7")
		await.True(t, "it answers at "+address, func() bool { return at(address) && strings.Count(d.said(), "msg=\"handed over\"") == i+1 })
		if !at("127.0.0.1") {
			t.Error("it does not answer at the loopback any more")
		}
	}
	host.Sh("ip addr flush dev eth7")
	host.Sh("ip addr add 10.9.0.100/24 dev eth7")
	await.True(t, "an address that was away for a moment is served", func() bool { return at("10.9.0.100") })
}
