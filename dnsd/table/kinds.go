package table

// Kinds say what there is among the records that a name is answered with, and
// are kept for each name. With them it is known without a look at a million names
// that none of them has a text.
type Kinds uint32

const (
	HasA       Kinds = 1 << iota // a host that is an IPv4 address
	HasAAAA                      // an IPv6 address
	HasName                      // a name
	HasMail                      // a host that is marked as mail
	HasText                      //
	HasData                      // of a type
	HasHost                      // a host of any sort
	HasRecord                    //
	portKinds  = iota
	portsApart = 32 - portKinds

	// found are the kinds that records are found by, the first foundKinds.
	found      = HasHost - 1
	foundKinds = 6
)

// HasPort is of records with a port, and of some with another: not every port has
// a bit of its own.
func HasPort(port uint16) Kinds { return 1 << (portKinds + port%portsApart) }

// Kinds are those of one record, which may be nil.
func (r *Record) Kinds() Kinds {
	if r == nil {
		return 0
	}
	k := HasRecord
	has := func(is bool, kind Kinds) {
		if is {
			k |= kind
		}
	}
	host := r.Addr.IsValid() || r.Host != ""
	has(r.Addr.Is4(), HasA)
	has(r.Addr.Is6(), HasAAAA)
	has(r.Host != "", HasName)
	has(host, HasHost)
	has(host && r.Mail, HasMail)
	has(r.Text != "", HasText)
	has(r.Type != 0, HasData)
	has(r.Port != 0, HasPort(r.Port))
	return k
}

// port is that of a record, which may be nil.
func (r *Record) port() uint16 {
	if r == nil {
		return 0
	}
	return r.Port
}

// Kinds are those of all records that the name is answered with.
func (n *Node) Kinds() Kinds { return Kinds(n.kinds.Load()) }

// resum brings the kinds of n, whose record was another, and those of the names above up
// to date. What is lost is looked for among the others: most often the first
// has it.
func resum(n *Node, old, now Kinds) {
	lost, gained := old&^now, now
	for n != nil && lost|gained != 0 {
		was := n.Kinds()
		lost &^= gained | n.record.Load().Kinds()
		for child := n.children.first.Load(); child != nil && lost != 0; child = child.next.Load() {
			if shows(n, child) {
				lost &^= child.Kinds()
			}
		}
		sum := (was | gained) &^ lost
		n.kinds.Store(uint32(sum))
		lost, gained = was&^sum, sum&^was
		if n.parent == nil || !shows(n.parent, n) {
			return
		}
		n = n.parent
	}
}
