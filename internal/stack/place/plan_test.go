package place

import (
	"strings"
	"testing"
)

// Each case is a file on a site. The numbers are those of the list of cases that a
// stack's placement must have, in the order of this list.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		claim, hosts, services, previous, want string
		options                                Options
	}{
		{"14 a glob is anchored", `
ab
b`, `web constraint:node==a*`, "", `
web.1 ab new: only host left`, Options{}},
		{"14 a name is the whole name", `
ab
b`, `web constraint:node==a`, "", `
web.1 refused: constraint node==a on 2 hosts`, Options{}},
		{"14 an expression is not anchored", `
xa1
xb1`, `web constraint:node==/a[12]/`, "", `
web.1 xa1 new: only host left`, Options{}},
		{"14 case counts in classic files", `
Node-1`, `web constraint:node==node-1`, "", `
web.1 refused: constraint node==node-1 on 1 host`, Options{}},
		{"14 and not in those of Swarm mode, where there are no globs", `
Node-1
node-2`, `
web deploy:node==NODE-1
api deploy:node==node*`, "", `
web.1 Node-1 new: only host left
api.1 refused: constraint node == node* on 2 hosts`, Options{}},
		{"15 unequal to a label that is not there", `
a zone=x
b`, `web constraint:zone!=x`, "", `
web.1 b new: only host left`, Options{}},
		{"15 equal to a label that is not there", `
a
b`, `web constraint:zone==x`, "", `
web.1 refused: constraint labels.zone==x on 2 hosts`, Options{}},
		{"16 a soft rule that cannot hold is noted", `
a disk=slow`, `web constraint:disk==~fast`, "", `
web.1 a new: only host left; labels.disk==~fast does not hold`, Options{}},
		{"16 and holds where it can, before anything else", `
a disk=fast
b`, `web x2 constraint:disk==~fast`, "", `
web.1 a new: soft rules hold there
web.2 a new: soft rules hold there`, Options{}},
		{"17 one each", `
a
b
c`, `consul x3 affinity:container!=shop_consul_*`, "consul.1=b consul.2=c", `
consul.1 b kept: fits
consul.2 c kept: fits
consul.3 a new: only host left`, Options{}},
		{"17 one too many", `
a
b
c`, `consul x4 affinity:container!=shop_consul_*`, "consul.1=b consul.2=c consul.3=a", `
consul.1 b kept: fits
consul.2 c kept: fits
consul.3 a kept: fits
consul.4 refused: affinity container!=shop_consul_* on 3 hosts`, Options{}},
		{"17 today's names are the same containers", `
a
b`, `consul x2 affinity:container!=shop-consul-*`, "consul.1=a", `
consul.1 a kept: fits
consul.2 b new: only host left`, Options{}},
		{"18 the instance that is replaced does not count", `
a`, `consul 53:53/udp affinity:container!=shop_consul_*`, "consul.1=a", `
consul.1 a kept: fits`, Options{}},
		{"21 5 % more memory than there is", `
a mem=100M`, `web mem=105M`, "", `
web.1 a new: only host left`, Options{}},
		{"21 6 % more", `
a mem=100M`, `web mem=106M`, "", `
web.1 refused: memory on 1 host`, Options{}},
		{"21 what others have counts", `
a mem=100M used:mem=50M`, `web mem=56M`, "", `
web.1 refused: memory on 1 host`, Options{}},
		{"21 processors as well", `
a cpu=2 used:cpu=1`, `
api cpu=1.1
web cpu=0.1`, "", `
api.1 a new: only host left
web.1 refused: cpus on 1 host`, Options{}},
		{"22 a port of each host", `
a
b`, `web x3 80:80`, "web.1=a web.2=b", `
web.1 a kept: fits
web.2 b kept: fits
web.3 refused: port 80 taken on 2 hosts`, Options{}},
		{"22 another protocol, other addresses", `
a port:53`, `
dns 53:53/udp
one 10.0.0.1:80:80
two 10.0.0.2:80:80`, "dns.1=a one.1=a", `
dns.1 a kept: fits
one.1 a kept: fits
two.1 a new: only host left`, Options{}},
		{"22 every address is each of them", `
a port:10.0.0.1:80:80`, `web 80:80`, "", `
web.1 refused: port 80 taken on 1 host`, Options{}},
		{"22 the host's own address by its name", `
a address=10.0.0.1 port:10.0.0.1:80:80
b address=10.0.0.2 port:10.0.0.1:80:80`, `web $PRIVATE_IP:80:80`, "", `
web.1 b new: only host left`, Options{}},
		{"22 one port of a range", `
a port:8001`, `web x2 8000-8002:80`, "web.1=a", `
web.1 a kept: fits
web.2 a new: only host left`, Options{}},
		{"22 a range that is used up", `
a port:8001`, `web x3 8000-8002:80`, "web.1=a web.2=a", `
web.1 a kept: fits
web.2 a kept: fits
web.3 refused: port 8000-8002 taken on 1 host`, Options{}},
		{"22 each filter has taken a host", `
a port:80
b port:80
c mem=1G used:mem=1G
d drained
e paused
f zone=x`, `api 80:80 mem=1G constraint:zone!=x`, "", `
api.1 refused: port 80 taken on 2 hosts, memory on 1, drained on 1, paused on 1, constraint labels.zone!=x on 1`, Options{}},
		{"23 global on managers, one of which is new", `
a group:rundock_etcd
b group:rundock_etcd
c`, `agent global deploy:role==manager`, "agent.2=b", `
agent.1 a new: one on each host
agent.2 b kept: fits`, Options{}},
		{"23 global on no host", `
a
b`, `agent global deploy:role==manager`, "", `
agent refused: constraint role == manager on 2 hosts`, Options{}},
		{"23 global where a port is taken", `
a port:80
b`, `agent global 80:80`, "agent.1=b", `
agent.1 b kept: fits
agent.2 refused: port 80 taken on a`, Options{}},
		{"23 global leaves a host that is drained, and comes to none that is paused", `
a drained
b paused
c paused
d`, `agent global`, "agent.1=a agent.2=b agent.4=d", `
agent.2 b kept: fits
agent.4 d kept: fits
agent.1 a gone: a is drained`, Options{}},
		{"25 a host more moves nothing", `
a
b
c`, `web x3`, "web.1=a web.2=b web.3=a", `
web.1 a kept: fits
web.2 b kept: fits
web.3 a kept: fits`, Options{}},
		{"25 scaling up adds what is missing", `
a
b`, `web x4`, "web.1=a web.2=b web.3=a", `
web.1 a kept: fits
web.2 b kept: fits
web.3 a kept: fits
web.4 b new: fewest of web`, Options{}},
		{"25 scaling down takes the highest number", `
a
b`, `web x3`, "web.1=a web.2=b web.3=a web.4=b", `
web.1 a kept: fits
web.2 b kept: fits
web.3 a kept: fits
web.4 b gone: 3 wanted`, Options{}},
		{"25 a service that is gone", `
a`, `web`, "web.1=a old.1=a", `
web.1 a kept: fits
old.1 a gone: the service is gone`, Options{}},
		{"25 what was on a lost host alone moves", `
a
b
c`, `web x3`, "web.1=a web.2=b web.3=c", `
web.1 a kept: fits
web.2 b -> c moved: b is lost
web.3 c kept: fits`, Options{Lost: []string{"b"}, Strategy: Binpack}},
		{"25 a lost host that is in no inventory any more", `
a`, `web`, "web.1=gone", `
web.1 gone -> a moved: gone is lost`, Options{Lost: []string{"gone"}}},
		{"26 a label is lost", `
node-back-1
node-back-2 zone=a`, `web x2 constraint:zone==a`, "web.1=node-back-2 web.2=node-back-1", `
web.1 node-back-2 kept: fits
web.2 node-back-1 -> node-back-2 moved: label zone lost`, Options{}},
		{"26 a label is another one", `
a zone=b
b zone=a`, `web constraint:zone==a`, "web.1=a", `
web.1 a -> b moved: label zone is b: constraint labels.zone==a`, Options{}},
		{"27 drained moves, paused stays", `
a drained
b paused
c`, `web x3`, "web.1=a web.2=b", `
web.1 a -> c moved: a is drained
web.2 b kept: fits
web.3 c new: only host left`, Options{}},
		{"27 paused keeps nothing that may not be there", `
a paused zone=b
b zone=a`, `web constraint:zone==a`, "web.1=a", `
web.1 a -> b moved: label zone is b: constraint labels.zone==a`, Options{}},
		{"28 a volume on a lost host", `
a
b`, `db volume:data`, "db.1=a:shop_data", `
db.1 a waiting: volume shop_data is on a, which is lost`, Options{Lost: []string{"a"}}},
		{"28 a volume on a drained host", `
a drained
b`, `db volume:data`, "db.1=a:shop_data", `
db.1 a waiting: volume shop_data is on a, which is drained`, Options{}},
		{"28 a volume that a rule would leave behind", `
a
b`, `db volume:data constraint:node==b`, "db.1=a:shop_data", `
db.1 refused: volume shop_data is on a, which constraint node==b takes`, Options{}},
		{"28 a volume that was not there before holds nothing", `
a drained
b`, `db volume:data`, "db.1=a", `
db.1 a -> b moved: a is drained`, Options{}},
		{"28 a volume that is the same everywhere holds nothing", `
a drained
b`, `db shared:data`, "db.1=a:shop_data", `
db.1 a -> b moved: a is drained`, Options{}},
		{"28 a volume that was left there is found again", `
a
b has:shop_data
c`, `db volume:data`, "", `
db.1 b new: its volume is there`, Options{}},
		{"28 somebody else's volume has to be there", `
a
b has:shop_old
c`, `db external:old`, "", `
db.1 b new: only host left`, Options{}},
		{"somebody else's network has to be there", `
a joined:bridge
b joined:bridge joined:lan
c
d drained joined:lan`, `
api x2 max:1 in:lan
log global in:lan
web x3 max:1 in:lan`, "web.1=a", `
api.1 b new: hosts are alike
api.2 c new: only host left
log.1 b new: one on each host
log.2 c new: one on each host
web.1 a -> c moved: no network lan
web.2 b new: only host left
web.3 refused: max_replicas_per_node 1 on 2 hosts, no network lan on 1, drained on 1`, Options{}},
		{"30 one in the way", `
a zone=a mem=1G
b mem=1G`, `
db mem=1G constraint:zone==a
web mem=1G`, "web.1=a", `
db.1 a new: others made room
web.1 a -> b moved: makes room for db.1`, Options{}},
		{"30 two in the way, of which one is in the way of a third", `
a mem=2G zone=a
b mem=2G
c mem=1G`, `
big mem=2G constraint:zone==a
one mem=1G constraint:node!=c
two mem=1G
xxx mem=1G`, "one.1=a two.1=a xxx.1=b", `
big.1 a new: others made room
one.1 a -> b moved: makes room for big.1
two.1 a -> c moved: makes room for big.1
xxx.1 b kept: fits`, Options{}},
		{"30 a volume is not moved", `
a zone=a mem=1G
b mem=1G`, `
db mem=1G constraint:zone==a
web mem=1G volume:data`, "web.1=a:shop_data", `
web.1 a kept: volume
db.1 refused: memory on 1 host, constraint labels.zone==a on 1`, Options{}},
		{"40 cut off is not lost", `
a unreachable
b`, `db x2`, "db.1=a", `
db.1 a kept: a is unreachable, which is not lost
db.2 b new: only host left`, Options{}},
		{"40 not among the hosts is not lost either", `
b`, `db`, "db.1=a", `
db.1 a kept: a is not among the hosts, which is not lost`, Options{}},
		{"40 a singleton has a standby", `
a
b`, `db reschedule`, "db.1=a", `
db.1 a kept: fits, standby b`, Options{}},
		{"40 which takes over from a lost host", `
a
b
c`, `db reschedule`, "db.1=a+c", `
db.1 a -> c moved: a is lost, standby b`, Options{Lost: []string{"a"}}},
		{"40 there is none where no host is left", `
a
b zone=x`, `db reschedule constraint:zone!=x`, "db.1=a+b", `
db.1 a kept: fits; no host is left for a standby`, Options{}},
		{"40 nor for what has a volume", `
a
b`, `db reschedule volume:data`, "db.1=a:shop_data", `
db.1 a kept: volume; no standby: its volume is on its host alone`, Options{}},
		{"40 also before there is data in it", `
a
b`, `db reschedule volume:data`, "", `
db.1 a new: hosts are alike; no standby: its volume is on its host alone`, Options{}},
		{"40 a pod has none, as it would need one lock", `
a
b`, `
web reschedule
log reschedule network:web`, "web.1=a log.1=a", `
log.1 a kept: with web.1; no standby: it is in a pod
web.1 a kept: fits; no standby: it is in a pod`, Options{}},
		{"40 standbys have room beside each other", `
a mem=2G
b mem=1G`, `
one mem=1G reschedule
two mem=1G reschedule`, "one.1=a two.1=a", `
one.1 a kept: fits, standby b
two.1 a kept: fits; no host is left for a standby`, Options{}},
		{"40 a standby that is cut off is not lost", `
a
b unreachable
c`, `db reschedule`, "db.1=a+b", `
db.1 a kept: fits; b, which has its standby, is unreachable, standby b`, Options{}},
		{"40 also where its slot moves", `
a drained
b unreachable
c
d cpu=1`, `db reschedule cpu=2`, "db.1=a+b", `
db.1 a -> c moved: a is drained; b, which has its standby, is unreachable, standby b`, Options{}},
		{"40 and has its room, though its host cannot take any", `
a
b unreachable mem=1G
c`, `db reschedule mem=1G constraint:node!=b`, "db.1=a+b", `
db.1 a kept: fits; b, which has its standby, is unreachable, standby b`, Options{}},
		{"40 nor is one that is not among the hosts", `
a
c`, `db reschedule`, "db.1=a+b", `
db.1 a kept: fits; b, which has its standby, is not among the hosts, standby b`, Options{}},
		{"40 of one that is lost there is another", `
a
b unreachable
c`, `db reschedule`, "db.1=a+b", `
db.1 a kept: fits, standby c`, Options{Lost: []string{"b"}}},
		{"40 also if nothing but what was there tells of it", `
a
c`, `db reschedule`, "db.1=a+b", `
db.1 a kept: fits, standby c`, Options{Lost: []string{"b"}}},
		{"40 one that is cut off is none for what is not rescheduled any more", `
a
b unreachable`, `db`, "db.1=a+b", `
db.1 a kept: fits`, Options{}},
		{"40 a standby stays while its slot's host is not among the hosts", `
b
c`, `db reschedule`, "db.1=a+b", `
db.1 a kept: a is not among the hosts, which is not lost, standby b`, Options{}},
		{"41 a lost host that is back has nothing", `
a
b`, `db reschedule`, "db.1=b+a", `
db.1 b kept: fits, standby a`, Options{}},
		{"43 a pod again is where it was", `
a
b`, `
web x2
log x2 network:web`, "web.1=a log.1=a web.2=b log.2=b", `
log.1 a kept: with web.1
log.2 b kept: with web.2
web.1 a kept: fits
web.2 b kept: fits`, Options{}},
		{"44 a pod is placed whole", `
a mem=2G
b mem=3G`, `
web mem=1G 80:80
log mem=1G network:web
dump mem=1G from:log`, "", `
dump.1 b new: with web.1
log.1 b new: with web.1
web.1 b new: only host left`, Options{}},
		{"44 and moves whole", `
a port:80
b`, `
web x2 80:80
log x2 network:web`, "web.1=a log.1=a", `
log.1 a -> b moved: with web.1
web.1 a -> b moved: port 80 taken
log.2 refused: port 80 taken on 2 hosts
web.2 refused: port 80 taken on 2 hosts`, Options{}},
		{"44 of one volume", `
a
b`, `
web volume:data
dump volume:data`, "web.1=a:shop_data dump.1=b", `
dump.1 b -> a moved: volume shop_data is there
web.1 a kept: volume`, Options{}},
		{"44 whose volumes are apart", `
a
b`, `
web volume:data
dump volume:data`, "web.1=a:shop_data dump.1=b:shop_data", `
dump.1 refused: its volumes are on a and on b
web.1 refused: its volumes are on a and on b`, Options{}},
		{"44 a port that two of it want", `
a`, `
web 80:80
log 80:80 network:web`, "", `
log.1 refused: port 80 twice in its pod on 1 host
web.1 refused: port 80 twice in its pod on 1 host`, Options{}},
		{"45 another stack's db is another one", `
a runs:blog-db-1,com.docker.compose.project=blog,com.docker.compose.service=db
b`, `
db affinity:container!=shop_db_*
web affinity:container==shop_db_1`, "db.1=a", `
db.1 a kept: fits
web.1 a new: only host left`, Options{}},
		{"45 unless it is named", `
a runs:blog-db-1,com.docker.compose.project=blog,com.docker.compose.service=db
b`, `db affinity:container!=blog_db_*`, "db.1=a", `
db.1 a -> b moved: affinity container!=blog_db_*`, Options{}},
		{"an affinity follows what it names", `
a drained
b
c`, `
db constraint:node!=c
web affinity:container==shop_db_1`, "db.1=a web.1=a", `
db.1 a -> b moved: a is drained
web.1 a -> b moved: a is drained`, Options{}},
		{"and leaves with it", `
a zone=x
b`, `
db constraint:zone!=x
web affinity:container==shop_db_1`, "db.1=a web.1=a", `
db.1 a -> b moved: constraint labels.zone!=x
web.1 a -> b moved: affinity container==shop_db_1`, Options{}},
		{"an affinity to one's own kind lets the first be anywhere", `
a
b`, `web x3 affinity:container==shop_web_*`, "web.1=b", `
web.1 b kept: fits
web.2 b new: only host left
web.3 b new: only host left`, Options{}},
		{"an affinity holds both ways", `
a
b`, `
db affinity:container!=shop_web_*
web`, "db.1=a", `
db.1 a kept: fits
web.1 b new: only host left`, Options{}},
		{"affinities to labels and images", `
a runs:redis:6
b runs:x,com.example.type=front
c runs:y,com.example.type=back`, `
one affinity:image==redis
two affinity:com.example.type==front
xxx affinity:com.example.type!=/./ affinity:image!=redis:6`, "", `
one.1 a new: only host left
two.1 b new: only host left
xxx.1 refused: affinity labels.com.example.type!=/./ on 2 hosts, affinity image!=redis:6 on 1`, Options{}},
		{"an affinity to the label of a service of Compose's", `
a
b`, `
db
web affinity:com.docker.compose.service!=db`, "db.1=a", `
db.1 a kept: fits
web.1 b new: only host left`, Options{}},
		{"so many on a host", `
a
b`, `web x5 max:2`, "web.1=a web.2=a web.3=b", `
web.1 a kept: fits
web.2 a kept: fits
web.3 b kept: fits
web.4 b new: only host left
web.5 refused: max_replicas_per_node 2 on 2 hosts`, Options{}},
		{"several of a service on one host", `
a`, `web x2`, "", `
web.1 a new: only host left
web.2 a new: only host left`, Options{}},
		{"processors of another kind", `
a arch=x86_64
b arch=aarch64
c arch=amd64`, `
one deploy:arch==aarch64
two platform:linux/arm64/v8
xxx deploy:arch!=amd64`, "", `
one.1 b new: only host left
two.1 b new: only host left
xxx.1 b new: only host left`, Options{}},
		{"groups of the inventory", `
a group:front group:blue
b group:back`, `
one deploy:group==blue
two deploy:group!=front`, "", `
one.1 a new: only host left
two.1 b new: only host left`, Options{}},
		{"no host at all", "", `web`, "", `
web.1 refused: there is no host`, Options{}},
		{"balanced on request alone", `
a
b`, `web x4`, "web.1=a web.2=a web.3=a web.4=a", `
web.1 a -> b moved: better balanced
web.2 a -> b moved: better balanced
web.3 a kept: fits
web.4 a kept: fits`, Options{Rebalance: true}},
	} {
		t.Run(strings.ReplaceAll(c.claim, " ", "_"), func(t *testing.T) {
			hosts, services := site(t, c.hosts), file(t, c.services)
			p := mustPlan(t, services, hosts, before(t, c.previous), c.options)
			wantLines(t, p, c.want)
			if len(p.Refused) == 0 {
				if twice := again(t, services, hosts, p, c.options); len(twice.Moves()) > 0 && c.options.Lost == nil {
					t.Errorf("again: %v", twice.Moves())
				}
			}
		})
	}
}

func TestPlan_spreads_by_strategy(t *testing.T) {
	sixty := func(more string) string {
		var b strings.Builder
		for i := range 60 {
			b.WriteString("s" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + " " + more + "\n")
		}
		return b.String()
	}
	for _, c := range []struct {
		claim, hosts, services, previous string
		strategy                         Strategy
		want                             string
	}{
		{"19 without limits by containers", "a cpu=30\nb cpu=60", sixty(""), "", Spread, "a:30 b:30"},
		{"19 with limits by percent", "a cpu=30\nb cpu=60", sixty("cpu=1"), "", Spread, "a:20 b:40"},
		{"19 of one service the fewest", "a cpu=60\nb cpu=120", "web x60 cpu=1", "", Spread, "a:30 b:30"},
		{"20 spread to the fewer containers", "a mem=4G runs:x used:mem=2G\nb mem=4G runs:x runs:y used:mem=2G", "web mem=1G", "", Spread, "a:1"},
		{"20 binpack to the more", "a mem=4G runs:x used:mem=2G\nb mem=4G runs:x runs:y used:mem=2G", "web mem=1G", "", Binpack, "b:1"},
		{"20 binpack fills one host first", "a mem=4G\nb mem=4G used:mem=1G", "s1 mem=1G\ns2 mem=1G\ns3 mem=1G\ns4 mem=1G", "", Binpack, "a:1 b:3"},
		{"29 over the values of a label", "a1 zone=a\na2 zone=a\nb1 zone=b", "web x4 spread:zone", "", Spread, "a1:1 a2:1 b1:2"},
		{"29 however many hosts one value has", "a1 zone=a\na2 zone=a\na3 zone=a\nb1 zone=b", "web x6 spread:zone", "", Spread, "a1:1 a2:1 a3:1 b1:3"},
		{"29 within another label's", "a1 dc=1 rack=1\na2 dc=1 rack=2\na3 dc=1 rack=2\nb1 dc=2 rack=1", "web x8 spread:dc spread:rack", "", Spread, "a1:2 a2:1 a3:1 b1:4"},
		{"29 a label that is not there is a value", "a zone=a\nb\nc", "web x4 spread:zone", "", Spread, "a:2 b:1 c:1"},
	} {
		t.Run(strings.ReplaceAll(c.claim, " ", "_"), func(t *testing.T) {
			p := mustPlan(t, file(t, c.services), site(t, c.hosts), before(t, c.previous), Options{Strategy: c.strategy})
			if got := perHost(p); got != c.want || len(p.Refused) > 0 {
				t.Errorf("slots = %s, want %s; refused: %v", got, c.want, p.Refused)
			}
		})
	}
	t.Run("random is neither in order nor all on one host", func(t *testing.T) {
		p := mustPlan(t, file(t, sixty("")), site(t, "a\nb\nc runs:x runs:y"), nil, Options{Strategy: Random})
		if got := perHost(p); strings.Count(got, ":") != 3 || got == "a:20 b:20 c:20" {
			t.Errorf("slots = %s", got)
		}
	})
}

func TestPlan_refuses_bad_input(t *testing.T) {
	for _, c := range []struct {
		claim, hosts, services string
		options                Options
		want                   string
	}{
		{"an expression that is none", "a", "web constraint:node==/a[/", Options{}, "place shop: service web: node==/a[/: error parsing regexp"},
		{"a host twice", "a\na", "web", Options{}, `host "a": want one of each name`},
		{"another strategy", "a", "web", Options{Strategy: "tight"}, `strategy "tight": want spread, binpack or random`},
		{"a lost host that nobody knows", "a", "web", Options{Lost: []string{"b"}}, "lost host b: there is no such host, and nothing of shop was there"},
		{"a pod of which one is global", "a", "web\nlog global network:web", Options{}, "log and web share what only one host has, and one of them is global"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if _, err := Plan(file(t, c.services), site(t, c.hosts), nil, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}
