package access

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/registry/etcd"
)

// apply is what etcd makes of an op.
func apply(a etcd.Access, o op) etcd.Access {
	switch o.kind {
	case addRole:
		a.Roles[o.role] = []etcd.Grant{}
	case allow, forbid:
		same := func(g etcd.Grant) bool { return g.Key == o.grant.Key && g.End == o.grant.End }
		a.Roles[o.role] = slices.DeleteFunc(slices.Clone(a.Roles[o.role]), same)
		if o.kind == allow {
			a.Roles[o.role] = append(a.Roles[o.role], o.grant)
		}
	case addUser:
		a.Users[o.user] = []string{}
	case giveRole:
		a.Users[o.user] = append(a.Users[o.user], o.role)
	case takeRole:
		a.Users[o.user] = slices.DeleteFunc(slices.Clone(a.Users[o.user]), func(r string) bool { return r == o.role })
	case deleteUser:
		delete(a.Users, o.user)
	case deleteRole:
		delete(a.Roles, o.role)
	case enforce:
		a.Enabled = true
	}
	return a
}

func site(hosts, keepers string) Wanted {
	w := Wanted{Keepers: strings.Fields(keepers), Zone: "s.prod.example.com"}
	for _, name := range strings.Fields(hosts) {
		w.Hosts = append(w.Hosts, Host{name, "node-" + name})
	}
	return w
}

// settled is etcd with nothing more to do for w, from what it was.
func settled(t *testing.T, a etcd.Access, w Wanted) (after etcd.Access, ops []op) {
	t.Helper()
	ops = plan(a, w)
	for _, o := range ops {
		a = apply(a, o)
	}
	if again := plan(a, w); len(again) > 0 {
		t.Errorf("a second plan is not empty: %+v", again)
	}
	return a, ops
}

func empty() etcd.Access {
	return etcd.Access{Users: map[string][]string{}, Roles: map[string][]etcd.Grant{}}
}

func said(ops []op) (lines []string) {
	for _, o := range ops {
		lines = append(lines, o.said())
	}
	return lines
}

func TestPlan_of_a_new_site(t *testing.T) {
	w := site("a b", "a")
	w.Enforce = true
	a, ops := settled(t, empty(), w)
	if last := ops[len(ops)-1].kind; last != enforce || !a.Enabled {
		t.Errorf("the last op is %v, want that etcd asks", last)
	}
	for user, want := range map[string]string{"root": "root", "host:a": "host host:a admin", "host:b": "host host:b", "dns:b": "dns", "etcd:a": "root"} {
		if got := strings.Join(a.Users[user], " "); got != want {
			t.Errorf("%s has roles %q, want %q", user, got, want)
		}
	}
	if len(a.Users) != 6 {
		t.Errorf("users are %v", a.Users)
	}
	may := map[string]string{}
	for role, grants := range a.Roles {
		var all []string
		for _, g := range grants {
			all = append(all, words(g))
		}
		may[role] = strings.Join(all, "; ")
	}
	for role, want := range map[string]string{
		"host":   "read all keys; write /skydns/com/example/prod/s; write keys below /skydns/com/example/prod/s/; write keys below /rundock/v1/overlay/; write keys below /rundock/v1/switch/; write keys below /rundock/v1/standby/; write /rundock/v1/drain",
		"host:b": "write /rundock/v1/loadbalancers/node-b; write /rundock/v1/host/node-b",
		"dns":    "read keys below /skydns/",
		"admin":  "read and write all keys",
		"root":   "",

		"preview:builder": "write keys below /rundock/v1/preview/; write keys that begin with /rundock/v1/stacks/preview-; write /rundock/v1/networks; write /rundock/v1/stack-key",
		"preview:router":  "write keys below /rundock/v1/preview/wake/; write keys below /rundock/v1/preview/used/",
		"preview:page":    "write /rundock/v1/preview/names; write keys below /rundock/v1/preview/wish/; write keys below /rundock/v1/preview/repo/; write keys below /rundock/v1/preview/event/; write keys below /rundock/v1/preview/env/; write keys below /rundock/v1/preview/wake/",
	} {
		if may[role] != want {
			t.Errorf("role %s may %s\nwant %s", role, may[role], want)
		}
	}
}

// previewing is a site whose hosts are of previews, too.
func previewing(w Wanted, builders, routers, pages string) Wanted {
	w.Builders, w.Routers, w.Pages = strings.Fields(builders), strings.Fields(routers), strings.Fields(pages)
	return w
}

func TestPlan_of_a_change(t *testing.T) {
	for _, c := range []struct {
		what          string
		before, after Wanted
		want          string
	}{
		{"a run for some hosts does nothing to others", site("a b c", "a"), site("b", "a"), ""},
		{"a new host", site("a", "a"), site("a b", "a"), "role host:b made; role host:b may write /rundock/v1/loadbalancers/node-b; role host:b may write /rundock/v1/host/node-b; user dns:b made; user dns:b given role dns; user host:b made; user host:b given role host; user host:b given role host:b"},
		{"etcd on another host", site("a b", "a"), site("a b", "b"), "user etcd:b made; user etcd:b given role root; user host:b given role admin; user host:a has no longer role admin; user etcd:a removed"},
		{"etcd on another host, in a run without the first", site("a b", "a"), site("b", "b"), "user etcd:b made; user etcd:b given role root; user host:b given role admin; user host:a has no longer role admin; user etcd:a removed"},
		{"a host is gone", site("a b", "a"), func() Wanted { w := site("a", "a"); w.Gone = []string{"b"}; return w }(), "user dns:b removed; user host:b removed; role host:b removed"},
		{"one that never was is gone", site("a", "a"), func() Wanted { w := site("a", "a"); w.Gone = []string{"b"}; return w }(), ""},
		{"further keys", site("a", "a"), func() Wanted { w := site("a", "a"); w.Writable = []string{"/app/"}; return w }(), "role host may write keys below /app/"},
		{"and no further ones any more", func() Wanted { w := site("a", "a"); w.Writable = []string{"/app/"}; return w }(), site("a", "a"), "role host may no longer write keys below /app/"},
		{"another zone", site("a", "a"), func() Wanted { w := site("a", "a"); w.Zone = "t.org"; return w }(), "role host may write /skydns/org/t; role host may write keys below /skydns/org/t/; role host may no longer write /skydns/com/example/prod/s; role host may no longer write keys below /skydns/com/example/prod/s/"},
		{"another name of a host", site("a", "a"), func() Wanted { w := site("a", "a"); w.Hosts[0].Host = "x"; return w }(), "role host:a may write /rundock/v1/loadbalancers/x; role host:a may write /rundock/v1/host/x; role host:a may no longer write /rundock/v1/loadbalancers/node-a; role host:a may no longer write /rundock/v1/host/node-a"},
		{"a host builds previews", site("a b", "a"), previewing(site("a b", "a"), "b", "b", "b"), "user host:b given role preview:builder; user host:b given role preview:page; user host:b given role preview:router"},
		{"a builder that is not in the run", site("a b", "a"), previewing(site("a", "a"), "a b", "", ""), "user host:a given role preview:builder"},
		{"builders and routers of other hosts", previewing(site("a b", "a"), "a", "a", ""), previewing(site("a b", "a"), "b", "", "b"),
			"user host:b given role preview:builder; user host:b given role preview:page; user host:a has no longer role preview:builder; user host:a has no longer role preview:router"},
		{"a host of no previews any more", previewing(site("a b", "a"), "b", "b", "b"), site("b", "a"),
			"user host:b has no longer role preview:builder; user host:b has no longer role preview:page; user host:b has no longer role preview:router"},
		{"one that is not in the run, and makes some yet", previewing(site("a b", "a"), "b", "b", "b"), site("a", "a"), ""},
		{"before a host has left builders", previewing(site("a b", "a"), "a", "", ""), func() Wanted { w := previewing(site("a b", "a"), "b", "", ""); w.Add = true; return w }(), "user host:b given role preview:builder"},
		{"etcd asks", site("a", "a"), func() Wanted { w := site("a", "a"); w.Enforce = true; return w }(), "etcd asks who may do what"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a, _ := settled(t, empty(), c.before)
			a.Users["operator"], a.Roles["operator"] = []string{"operator"}, []etcd.Grant{etcd.Prefixed("/app/", true, true)}
			a, ops := settled(t, a, c.after)
			if got := strings.Join(said(ops), "; "); got != c.want {
				t.Errorf("plan is\n%s\nwant\n%s", got, c.want)
			}
			if len(a.Users["operator"]) != 1 || len(a.Roles["operator"]) != 1 {
				t.Error("a user and a role of somebody else's are changed")
			}
		})
	}
}

func TestForgetting_leaves_other_hosts_alone(t *testing.T) {
	a, _ := settled(t, empty(), site("a b c", "a b"))
	a.Users["b"], a.Users["x:b"] = []string{"operator"}, nil
	ops := forgetting(a, []string{"b", "never"})
	if got := strings.Join(said(ops), "; "); got != "user dns:b removed; user etcd:b removed; user host:b removed; role host:b removed" {
		t.Errorf("plan is %s", got)
	}
	for _, o := range ops {
		a = apply(a, o)
	}
	if again := forgetting(a, []string{"b", "never"}); len(again) > 0 || len(plan(a, site("a c", "a"))) > 0 {
		t.Errorf("a second plan is %v, and align would have %v", said(again), said(plan(a, site("a c", "a"))))
	}
}

func TestCommand_refuses(t *testing.T) {
	for _, c := range []struct{ want, args string }{
		{"--hosts, --keepers: whose access?", "align"},
		{`--hosts: "a": want NAME=HOST`, "align --hosts a --keepers a"},
		{`--writable: "/skydns/": want a prefix`, "align --hosts a=a --keepers a --writable /skydns/"},
		{`--writable: "/": want a prefix`, "align --hosts a=a --keepers a --writable /"},
		{`--writable: "app": want a prefix`, "align --hosts a=a --keepers a --writable app"},
		{"--gone: a is a host of the site", "align --hosts a=a --keepers a --gone a"},
		{"--gone, --add: which of them", "align --hosts a=a --keepers a --gone b --add"},
		{"--gone: which hosts are no more?", "forget"},
		{`unexpected "grow`, "grow"},
	} {
		args := append(strings.Fields(c.args), "--etcd=http://127.0.0.1:1", "--zone=s.prod.example.com")
		err := Command(t.Context(), args, func(string) (string, bool) { return "", false }, t.Output())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("dnsd access %s gives %v, want %q", c.args, err, c.want)
		}
	}
}
