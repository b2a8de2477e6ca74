package container

import (
	"net/netip"
	"strings"
	"testing"
)

// What Docker 20.10 answers after `nft flush ruleset; docker network rm apps`.
func TestEnsureOverlay_says_that_the_daemon_is_to_be_started_anew(t *testing.T) {
	const advice = "create docker network apps: dockerd's own chains are gone from the firewall, as after a flush, and it makes them when it is started: service docker restart (with live-restore, containers run on); it says: "
	for _, tt := range []struct{ answer, want string }{
		{"Failed to program NAT chain: Failed to inject DOCKER in PREROUTING chain: iptables failed: iptables --wait -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER: iptables v1.8.9 (nf_tables): Chain 'DOCKER' does not exist\nTry `iptables -h' or 'iptables --help' for more information.\n (exit status 2)", advice},
		{"Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-bc551c67c79d -j RETURN: iptables: No chain/target/match by that name.\n (exit status 1))", advice},
		{"could not find an available, non-overlapping IPv4 address pool", "create docker network apps: Error response from daemon: could not find"},
		{"Pool overlaps with other one on this address space; it does not exist", "create docker network apps: Error response from daemon: Pool overlaps"},
	} {
		d := newDaemon()
		d.refusal = tt.answer
		done, err := d.open(t).EnsureOverlay(t.Context(), Overlay{Name: "apps", Bridge: "ovl7", Subnet: netip.MustParsePrefix("10.42.3.0/24"), Gateway: netip.MustParseAddr("10.42.3.1"), MTU: 1450})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("EnsureOverlay = %v, want %s...", err, tt.want)
		}
		if done.Changed || !done.Tried {
			t.Errorf("a network that dockerd refused to make: changed %v, tried %v; want that it was only tried", done.Changed, done.Tried)
		}
	}
}
