package haproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Plan returns the commands that lead a backend's slots to the wanted instances,
// and why one of these has no slot; "" where all have. Slots keep their instance.
// It is called again and again, as each step waits for what HAProxy says of the
// one before.
//
// A new instance's slot is drained first, and ready only when its status is
// exactly DRAIN: "DRAIN 1/3" has not been checked since it got the address, and
// ready would put it into rotation on the spot. One that is no longer wanted is
// drained, and is given up when its last session has ended. Plan(x, addresses of
// x) is empty once all are up or down.
func Plan(backend string, have []Slot, want []netip.AddrPort) (commands []string, full string) {
	missing := slices.Clone(want)
	for _, s := range have {
		if i := slices.Index(missing, s.Addr); i >= 0 && s.Addr.IsValid() {
			missing = slices.Delete(missing, i, i+1)
			commands = append(commands, keep(backend, s)...)
		} else {
			commands = append(commands, giveUp(backend, s)...)
		}
	}
	for _, s := range have {
		if len(missing) == 0 {
			return commands, ""
		}
		if !s.Addr.IsValid() && s.Status == "MAINT" {
			commands = append(commands, set(backend, s, fmt.Sprintf("addr %s port %d", missing[0].Addr(), missing[0].Port())), set(backend, s, "state drain"))
			missing = missing[1:]
		}
	}
	if len(missing) == 0 {
		return commands, ""
	}
	return commands, fmt.Sprintf("there is no free slot for %s: the service has %d slots", join(missing), len(have))
}

// keep brings a slot with a wanted instance into rotation.
func keep(backend string, s Slot) []string {
	switch s.Status {
	case "MAINT":
		return []string{set(backend, s, "state drain")}
	case "DRAIN":
		return []string{set(backend, s, "state ready")}
	}
	return nil // it is up; or down, or not checked yet
}

// giveUp frees a slot whose instance is not wanted.
func giveUp(backend string, s Slot) []string {
	free := set(backend, s, fmt.Sprintf("addr %s port %d", nowhere.Addr(), nowhere.Port()))
	switch {
	case s.Status == "MAINT" && !s.Addr.IsValid():
		return nil
	case s.Status == "MAINT":
		return []string{free}
	case s.takesRequests():
		return []string{set(backend, s, "state drain")}
	case s.Sessions > 0:
		return nil
	}
	return []string{set(backend, s, "state maint"), free}
}

func set(backend string, s Slot, what string) string {
	return fmt.Sprintf("set server %s/%s %s", backend, s.Name, what)
}

func join(addresses []netip.AddrPort) string {
	var all []string
	for _, a := range addresses {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}
