package place

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// site reads hosts, one a line:
//
//	node-1 zone=a mem=4G cpu=2 arch=arm64 group:rundock_etcd drained
//	node-2 address=10.0.0.5 port:80 port:53/udp used:mem=1G runs:redis-1 has:shop_data
//
// What is no word of these is a label.
func site(t testing.TB, text string) (hosts []Host) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fields := strings.Fields(line)
		h := Host{Name: fields[0], Labels: map[string]string{}}
		for _, field := range fields[1:] {
			kind, rest, _ := strings.Cut(field, ":")
			name, value, isLabel := strings.Cut(field, "=")
			switch {
			case field == "drained" || field == "paused" || field == "unreachable":
				h.State = State(field)
			case kind == "group":
				h.Groups = append(h.Groups, rest)
			case kind == "port":
				h.Used.Ports = append(h.Used.Ports, published(t, rest))
			case kind == "runs":
				name, labels, _ := strings.Cut(rest, ",")
				c := Container{Name: name, Image: name, Labels: map[string]string{}}
				for label := range strings.SplitSeq(labels, ",") {
					key, value, _ := strings.Cut(label, "=")
					c.Labels[key] = value
				}
				h.Used.Containers = append(h.Used.Containers, c)
			case kind == "has":
				h.Volumes = append(h.Volumes, rest)
			case kind == "joined":
				h.Networks = append(h.Networks, rest)
			case name == "used:mem":
				h.Used.Memory = size(t, value)
			case name == "used:cpu":
				h.Used.CPU = thousandths(t, value)
			case name == "mem":
				h.Memory = size(t, value)
			case name == "cpu":
				h.CPU = thousandths(t, value)
			case name == "arch":
				h.Arch = value
			case name == "address":
				h.Address = value
			case isLabel:
				h.Labels[name] = value
			default:
				t.Fatalf("host %s: what is %q?", h.Name, field)
			}
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// file reads the services of the stack shop, one a line:
//
//	web x3 80:80 mem=1G cpu=0.5 constraint:zone==a* affinity:container!=~web_* deploy:role==manager
//	log global volume:data shared:files external:old network:web in:lan from:db spread:zone max:1 reschedule
func file(t testing.TB, text string) stack.Stack {
	t.Helper()
	s := stack.Stack{Version: stack.Version, Name: "shop", Services: map[string]stack.Service{}, Volumes: map[string]stack.Volume{}, Networks: map[string]stack.Network{}}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fields := strings.Fields(line)
		def := stack.Service{Replicas: 1, Container: spec.Container{Image: fields[0] + ":1"}}
		for _, field := range fields[1:] {
			kind, rest, _ := strings.Cut(field, ":")
			name, value, _ := strings.Cut(field, "=")
			count, err := strconv.Atoi(strings.TrimPrefix(field, "x"))
			switch {
			case strings.HasPrefix(field, "x") && err == nil:
				def.Replicas = count
			case field == "global":
				def.Global, def.Replicas = true, 0
			case field == "reschedule":
				def.Reschedule = true
			case kind == "constraint":
				def.Constraints = append(def.Constraints, ruleOf(rest, stack.Glob, stack.KeyNode))
			case kind == "deploy":
				def.Constraints = append(def.Constraints, ruleOf(rest, stack.Word, stack.KeyNode, stack.KeyRole, stack.KeyArch, stack.KeyGroup))
			case kind == "affinity":
				def.Affinities = append(def.Affinities, ruleOf(rest, stack.Glob, stack.KeyContainer, stack.KeyImage))
			case kind == "spread":
				def.Preferences = append(def.Preferences, stack.LabelPrefix+rest)
			case kind == "max":
				def.MaxPerHost, _ = strconv.Atoi(rest)
			case kind == "volume" || kind == "shared" || kind == "external":
				def.Volumes = append(def.Volumes, rest)
				s.Volumes[rest] = stack.Volume{Name: "shop_" + rest, Shared: kind == "shared", External: kind == "external"}
			case kind == "in":
				def.Networks = map[string]spec.Network{"outside": {}}
				s.Networks["outside"] = stack.Network{Name: rest, External: true}
			case kind == "network":
				def.Pod.Network = rest
			case kind == "from":
				def.Pod.VolumesFrom = append(def.Pod.VolumesFrom, rest)
			case kind == "platform":
				def.Container.Platform = rest
			case name == "mem":
				def.Resources.Limit.Memory = size(t, value)
			case name == "cpu":
				def.Resources.Reserve.CPU = thousandths(t, value)
			case strings.Contains(field, ":"):
				def.Ports = append(def.Ports, published(t, field))
			default:
				t.Fatalf("service %s: what is %q?", fields[0], field)
			}
		}
		s.Services[fields[0]] = def
	}
	return s
}

// ruleOf reads zone!=~a*; a key that is none of keys is a label's name.
func ruleOf(text string, match stack.Match, keys ...string) stack.Rule {
	r := stack.Rule{Match: match}
	at := strings.IndexAny(text, "=!")
	r.Key, r.Not = text[:at], text[at] == '!'
	r.Value, r.Soft = strings.CutPrefix(text[at+2:], "~")
	if expression, ok := strings.CutPrefix(r.Value, "/"); ok {
		r.Value, r.Match = strings.TrimSuffix(expression, "/"), stack.Regexp
	}
	if !slices.Contains(keys, r.Key) {
		r.Key = stack.LabelPrefix + r.Key
	}
	return r
}

// published reads [address:]port[-port][:container][/protocol].
func published(t testing.TB, text string) (p stack.Port) {
	t.Helper()
	text, p.Protocol, _ = strings.Cut(text, "/")
	parts := strings.Split(text, ":")
	if len(parts) == 3 {
		p.IP, parts = parts[0], parts[1:]
	}
	first, last, ranged := strings.Cut(parts[0], "-")
	var err error
	if p.First, err = strconv.Atoi(first); err == nil && ranged {
		p.Last, err = strconv.Atoi(last)
	}
	if err != nil {
		t.Fatalf("port %q: %v", text, err)
	}
	return p
}

func size(t testing.TB, text string) int64 {
	t.Helper()
	unit := int64(1 << 30)
	if number, ok := strings.CutSuffix(text, "M"); ok {
		text, unit = number, 1<<20
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "G"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(n * float64(unit))
}

func thousandths(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(n * 1000)
}

// before reads where slots were: web.1=node-1 db.1=node-2:shop_data web.2=node-1+node-2,
// the last with a standby.
func before(t testing.TB, text string) map[stack.Slot]stack.Place {
	t.Helper()
	places := map[stack.Slot]stack.Place{}
	for field := range strings.FieldsSeq(text) {
		name, host, _ := strings.Cut(field, "=")
		slot, err := stack.ParseSlot(name)
		if err != nil {
			t.Fatal(err)
		}
		var p stack.Place
		host, volume, has := strings.Cut(host, ":")
		if has {
			p.Volumes = []string{volume}
		}
		p.Host, p.Standby, _ = strings.Cut(host, "+")
		places[slot] = p
	}
	return places
}

func mustPlan(t testing.TB, s stack.Stack, hosts []Host, previous map[stack.Slot]stack.Place, o Options) Placement {
	t.Helper()
	p, err := Plan(s, hosts, previous, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lines are a placement as people read it, with standbys.
func lines(p Placement) (all []string) {
	for _, s := range p.Slots {
		line := s.String()
		if s.Standby != "" {
			line += ", standby " + s.Standby
		}
		all = append(all, line)
	}
	for _, r := range p.Refused {
		all = append(all, r.String())
	}
	for _, s := range p.Gone {
		all = append(all, s.String())
	}
	return all
}

// perHost counts slots: a:2 b:1.
func perHost(p Placement) string {
	counts := map[string]int{}
	for _, s := range p.Slots {
		counts[s.Host]++
	}
	var all []string
	for _, host := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s:%d", host, counts[host]))
	}
	return strings.Join(all, " ")
}

// hostOf is where a slot is; "" if nowhere.
func hostOf(p Placement, slot string) string {
	for _, s := range p.Slots {
		if s.Slot.String() == slot {
			return s.Host
		}
	}
	return ""
}

// again plans with the placement that the last plan gave.
func again(t testing.TB, s stack.Stack, hosts []Host, p Placement, o Options) Placement {
	t.Helper()
	o.Lost = nil
	return mustPlan(t, s, hosts, p.Places(), o)
}

func wantLines(t *testing.T, p Placement, want string) {
	t.Helper()
	got := strings.Join(lines(p), "\n")
	want = strings.TrimSpace(want)
	if got != want {
		t.Errorf("placement:\n%s\nwant:\n%s", cmp.Or(got, "nothing"), want)
	}
}
