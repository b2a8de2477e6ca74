package roster

import (
	"fmt"
	"time"
)

// Namesake is why a host is not let in: another one has its machine id, as
// hosts have that were made of one image.
type Namesake struct {
	Network string
	Other   Member
	Alive   bool
	Lease   time.Duration
}

func (n *Namesake) Error() string {
	text := fmt.Sprintf("network %s: %s at %s, which has %s and ", n.Network, n.Other.Host, n.Other.Underlay, n.Other.Subnet)
	if n.Alive {
		text += "is alive"
	} else {
		text += "has just joined"
	}
	return text + fmt.Sprintf(", has the machine id %s as this host has: one of them was made of an image of the other's. Give this one an id of its own "+
		"(tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id), and start its agent anew (sv restart overlay-%s) if there is one; "+
		"if that host is this one, with another address before it was started, it is let in after %s", n.Other.ID, n.Network, n.Lease)
}

// isOwn reports whether an entry is this host's for sure: it was written by this
// host since its boot, or from its address.
func (b *Book) isOwn(m *Member) bool {
	return m.ID == b.self.ID && (m.Underlay == b.self.Underlay || m.Instance != "" && m.Instance == b.self.Instance)
}

// formerEntry returns the entry that this host wrote since its boot, under a machine
// id that it does not have any more.
func (b *Book) formerEntry() (Member, bool) {
	for _, m := range b.members() {
		if m.Instance != "" && m.Instance == b.self.Instance {
			return *m, true
		}
	}
	return Member{}, false
}

// namesake reports whether an entry is that of a living host with the machine
// id of this one.
func (b *Book) namesake(m *Member) bool { return m.ID == b.self.ID && !b.isOwn(m) && b.alive[m.ID] }

// checkMachineID returns a *Namesake if another host with this one's machine id is
// alive, or has joined so lately that it may be about to say so.
func (r *Roster) checkMachineID(b *Book) error {
	for _, subnet := range b.owned[r.Self.ID] {
		m := b.subnets[subnet]
		if b.namesake(m) || !b.isOwn(m) && time.Since(m.Seen) < r.lease() {
			return &Namesake{r.Network.Name, *m, b.alive[m.ID], r.lease()}
		}
	}
	return nil
}
