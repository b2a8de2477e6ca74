package roster

import "fmt"

// checkFamily returns an error if this host, which comes to the network, and the
// hosts that are in it cannot send each other anything.
func (r *Roster) checkFamily(b *Book) error {
	for _, m := range b.members() {
		if m.ID == r.Self.ID || !b.alive[m.ID] || !m.Underlay.IsValid() || m.Underlay.Is4() == r.Self.Underlay.Is4() {
			continue
		}
		theirs, ours := "IPv4", "IPv6"
		if r.Self.Underlay.Is4() {
			theirs, ours = ours, theirs
		}
		return fmt.Errorf("network %s: its hosts reach each other over %s, as %s at %s, and the underlay address of this one, %s, is of %s: give underlay an address or interface of %s",
			r.Network.Name, theirs, m.Host, m.Underlay, r.Self.Underlay, ours, theirs)
	}
	return nil
}
