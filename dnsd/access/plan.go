package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rundock/internal/cutover"
	"rundock/internal/hostinfo"
	"rundock/internal/overlay/roster"
	"rundock/internal/preview/duty"
	"rundock/internal/registry/etcd"
	"rundock/internal/skydns"
	"rundock/internal/stack/slotlock"
)

// A Host is one of the site.
type Host struct {
	Name string // of its certificates: host:NAME
	Host string // as host.json has it
}

// Wanted is who is to be there. What is said of none of them stays as it is, so that a
// run for some hosts does nothing to others.
type Wanted struct {
	Hosts    []Host
	Keepers  []string // names of all hosts that keep etcd, and of no others
	Builders []string // of hosts that build previews
	Routers  []string // of those that take requests for previews
	Pages    []string // of those that have the page of previews
	Gone     []string // names of hosts that are no more
	Zone     string   // its records all hosts may write
	Writable []string // prefixes of further keys that all hosts may write
	Enforce  bool     // etcd asks; false: as it is
	Add      bool     // nothing is taken away: what hosts are to have no more, they may be using yet
}

// The roles that are the same on each site.
const (
	root  = "root" // etcd's own, of users and roles, members, backups, and all keys
	admin = "admin"
	host  = "host"
	dns   = "dns"

	builder = "preview:builder"
	router  = "preview:router"
	page    = "preview:page"
)

// drainKey is held by the host that is being drained, which supervisor/draining says more of.
const drainKey = "/rundock/v1/drain"

// roles are those that all sites have, and one of each host.
func (w Wanted) roles() map[string][]etcd.Grant {
	zone := skydns.Key(skydns.Prefix, w.Zone)
	write := []etcd.Grant{
		etcd.Prefixed("", true, false),
		{Key: zone, Write: true}, etcd.Prefixed(zone+"/", false, true),
		etcd.Prefixed(roster.AllPrefix, false, true), etcd.Prefixed(cutover.Prefix, false, true), etcd.Prefixed(slotlock.Prefix, false, true),
		{Key: drainKey, Write: true},
	}
	for _, prefix := range w.Writable {
		write = append(write, etcd.Prefixed(prefix, false, true))
	}
	all := map[string][]etcd.Grant{
		root:  nil,
		admin: {etcd.Prefixed("", true, true)},
		host:  write,
		dns:   {etcd.Prefixed(skydns.Prefix+"/", true, false)},

		builder: writing(duty.Builder()), router: writing(duty.Router()), page: writing(duty.Page()),
	}
	for _, h := range w.Hosts {
		all["host:"+h.Name] = []etcd.Grant{{Key: cutover.LoadBalancerKey(h.Host), Write: true}, {Key: hostinfo.Key(h.Host), Write: true}}
	}
	return all
}

// writing are the grants of keys to write, as package duty has them: of all that begin with one that ends
// in a slash or a hyphen.
func writing(keys []string) (grants []etcd.Grant) {
	for _, key := range keys {
		if strings.HasSuffix(key, "/") || strings.HasSuffix(key, "-") {
			grants = append(grants, etcd.Prefixed(key, false, true))
		} else {
			grants = append(grants, etcd.Grant{Key: key, Write: true})
		}
	}
	return grants
}

// further are the roles that some hosts have besides that of all, with the names of these hosts.
func (w Wanted) further() map[string][]string {
	return map[string][]string{admin: w.Keepers, builder: w.Builders, router: w.Routers, page: w.Pages}
}

// users are the roles of each user.
func (w Wanted) users() map[string][]string {
	all := map[string][]string{root: {root}}
	for _, h := range w.Hosts {
		all["host:"+h.Name] = []string{host, "host:" + h.Name}
		all["dns:"+h.Name] = []string{dns}
	}
	for _, name := range w.Keepers {
		all["etcd:"+name] = []string{root}
	}
	further := w.further()
	for _, role := range slices.Sorted(maps.Keys(further)) {
		for _, name := range further[role] {
			if roles := all["host:"+name]; roles != nil {
				all["host:"+name] = append(roles, role)
			}
		}
	}
	return all
}

// An op is one change. Its words are for people, and the kind tells what it is.
type op struct {
	kind  kind
	user  string
	role  string
	grant etcd.Grant
}

type kind int

const (
	addRole kind = iota
	allow
	forbid
	addUser
	giveRole
	takeRole
	deleteUser
	deleteRole
	enforce
)

// plan returns what brings have to what is wanted: first what lets in, then what
// shuts out, and that etcd asks at all last. It is empty where all is as wanted.
func plan(have etcd.Access, w Wanted) (ops []op) {
	roles, users := w.roles(), w.users()
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		if _, there := have.Roles[name]; !there {
			ops = append(ops, op{kind: addRole, role: name})
		}
		ops = append(ops, regrant(name, have.Roles[name], roles[name])...)
	}
	var out []op
	for _, name := range slices.Sorted(maps.Keys(users)) {
		has, there := have.Users[name]
		if !there {
			ops = append(ops, op{kind: addUser, user: name})
		}
		for _, role := range users[name] {
			if !slices.Contains(has, role) {
				ops = append(ops, op{kind: giveRole, user: name, role: role})
			}
		}
		for _, role := range has {
			if !slices.Contains(users[name], role) {
				out = append(out, op{kind: takeRole, user: name, role: role})
			}
		}
	}
	ops = append(ops, out...)
	ops = append(ops, w.shutOut(have, users)...)
	if w.Add {
		ops = slices.DeleteFunc(ops, op.takes)
	}
	if w.Enforce && !have.Enabled {
		ops = append(ops, op{kind: enforce})
	}
	return ops
}

// takes reports whether somebody has less by it.
func (o op) takes() bool {
	return slices.Contains([]kind{forbid, takeRole, deleteUser, deleteRole}, o.kind)
}

// regrant brings the grants of a role to what they are to be.
func regrant(role string, have, want []etcd.Grant) (ops []op) {
	if role == root {
		return nil // etcd does not ask what it may do
	}
	for _, g := range want {
		if !slices.Contains(have, g) {
			ops = append(ops, op{kind: allow, role: role, grant: g})
		}
	}
	for _, g := range have {
		if !slices.ContainsFunc(want, func(w etcd.Grant) bool { return w.Key == g.Key && w.End == g.End }) {
			ops = append(ops, op{kind: forbid, role: role, grant: g})
		}
	}
	return ops
}

// shutOut takes away what hosts have that are gone, or keep etcd no more.
func (w Wanted) shutOut(have etcd.Access, users map[string][]string) (ops []op) {
	for _, user := range slices.Sorted(maps.Keys(have.Users)) {
		what, name, _ := strings.Cut(user, ":")
		switch gone := slices.Contains(w.Gone, name); {
		case users[user] != nil:
		case what == "etcd" && name != "", (what == host || what == dns) && gone:
			ops = append(ops, op{kind: deleteUser, user: user})
		case what == host && slices.Contains(have.Users[user], admin) && !slices.Contains(w.Keepers, name):
			ops = append(ops, op{kind: takeRole, user: user, role: admin})
		}
	}
	for _, name := range slices.Sorted(slices.Values(w.Gone)) {
		if _, there := have.Roles["host:"+name]; there && users["host:"+name] == nil {
			ops = append(ops, op{kind: deleteRole, role: "host:" + name})
		}
	}
	slices.SortStableFunc(ops, func(a, b op) int { return cmp.Compare(a.kind, b.kind) })
	return ops
}

// forgetting returns what takes away the users and roles of hosts that are gone.
func forgetting(have etcd.Access, gone []string) (ops []op) {
	for _, user := range slices.Sorted(maps.Keys(have.Users)) {
		what, name, _ := strings.Cut(user, ":")
		if slices.Contains([]string{host, dns, "etcd"}, what) && slices.Contains(gone, name) {
			ops = append(ops, op{kind: deleteUser, user: user})
		}
	}
	for _, name := range slices.Sorted(slices.Values(gone)) {
		if _, there := have.Roles["host:"+name]; there {
			ops = append(ops, op{kind: deleteRole, role: "host:" + name})
		}
	}
	return ops
}

// said is an op in words.
func (o op) said() string {
	switch o.kind {
	case addRole:
		return "role " + o.role + " made"
	case allow:
		return "role " + o.role + " may " + words(o.grant)
	case forbid:
		return "role " + o.role + " may no longer " + words(o.grant)
	case addUser:
		return "user " + o.user + " made"
	case giveRole:
		return "user " + o.user + " given role " + o.role
	case takeRole:
		return "user " + o.user + " has no longer role " + o.role
	case deleteUser:
		return "user " + o.user + " removed"
	case deleteRole:
		return "role " + o.role + " removed"
	}
	return "etcd asks who may do what"
}

func words(g etcd.Grant) string {
	does := "read"
	switch {
	case g.Read && g.Write:
		does = "read and write"
	case g.Write:
		does = "write"
	}
	switch {
	case g.Key == "\x00":
		return does + " all keys"
	case g.End == "":
		return does + " " + g.Key
	case !strings.HasSuffix(g.Key, "/"):
		return does + " keys that begin with " + g.Key
	}
	return does + " keys below " + g.Key
}
