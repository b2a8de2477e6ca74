package container

import (
	"fmt"
	"strings"
)

// explainLostChains says what to do about an error of a daemon whose own chains in
// iptables are gone: it makes them when it starts, and never again. Source: what Docker
// 20.10 answers once the firewall was flushed (seen).
func explainLostChains(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	lost := strings.Contains(text, "No chain/target/match by that name") || strings.Contains(text, "does not exist")
	if !lost || !strings.Contains(text, "iptables") {
		return err
	}
	return fmt.Errorf("dockerd's own chains are gone from the firewall, as after a flush, and it makes them when it is started: service docker restart (with live-restore, containers run on); it says: %s", text)
}
