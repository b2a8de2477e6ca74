package release

import (
	"encoding/base64"
	"strings"
	"testing"

	"rundock/internal/stack"
)

func TestLines(t *testing.T) {
	two := services{"web": service("web:1", 2), "db": service("db:1", 1, volume("data"))}
	const places = "web.1=node-1 web.2=node-back-1 db.1=node-back-1:shop_data"
	six := func(change ...func(*Release)) *Release { r := release(t, 6, 0, two, places, change...); return &r }
	seven := func(all services, slots string, change ...func(*Release)) Release {
		return release(t, 7, 6, all, slots, change...)
	}
	with := func(name string, s stack.Service) services {
		all := services{"web": two["web"], "db": two["db"]}
		all[name] = s
		return all
	}
	files := services{"web": service("web:1", 1, uses("site.conf", "")), "api": service("api:1", 1, uses("", "password")), "db": service("db:1", 1)}
	pod := services{"web": service("web:1", 1), "log": service("log:1", 1, network("web"))}
	for _, c := range []struct {
		claim   string
		from    *Release
		to      Release
		refused []string
		want    string // without the plan's hash
	}{
		{"the first one", nil, release(t, 1, 0, two, places), nil, `
shop: release 1: 3 new
db.1 node-back-1 new: volume
web.1 node-1 new: fits
web.2 node-back-1 new: fits`},
		{"nothing but a number", six(), seven(two, places), nil, `
shop: release 7 from 6: 3 kept
db.1 node-back-1 kept: volume
web.1 node-1 kept: fits
web.2 node-back-1 kept: fits`},
		{"one moved, one new, one not wanted, and one refused", six(), why("web.1", "label zone lost", seven(with("api", service("api:1", 3)), "web.1=node-2 db.1=node-back-1:shop_data api.1=node-1")),
			[]string{"api.3 refused: port 80 taken on 2 hosts, memory on 1"}, `
shop: release 7 from 6: 1 new, 1 moved, 1 kept, 1 stopped, 1 refused
api.1 node-1 new: fits
db.1 node-back-1 kept: volume
web.1 node-1 -> node-2 moved: label zone lost
web.2 node-back-1 stopped: 2 wanted
api.3 refused: port 80 taken on 2 hosts, memory on 1`},
		{"another image, and a port that only one can have (37)", six(func(r *Release) { r.Model.Services["web"] = service("web:1", 2, port) }), seven(with("web", service("web:2", 2, port)), places), nil, `
shop: release 7 from 6: 2 replaced, 1 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: image web:1 -> web:2; stop-first: port 80 is taken until the old one has stopped
web.2 node-back-1 replaced: image web:1 -> web:2; stop-first: port 80 is taken until the old one has stopped`},
		{"another image, and a port of a range, which a slot keeps", six(func(r *Release) { r.Model.Services["web"] = service("web:1", 2, ports) }), seven(with("web", service("web:2", 2, ports)), places), nil, `
shop: release 7 from 6: 2 replaced, 1 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: image web:1 -> web:2; stop-first: its port of 8000-8002 is taken until the old one has stopped
web.2 node-back-1 replaced: image web:1 -> web:2; stop-first: its port of 8000-8002 is taken until the old one has stopped`},
		{"another port of a range", taking("web.1", 8000, six(func(r *Release) { r.Model.Services["web"] = service("web:1", 2, ports) })), *taking("web.1", 8001, ptr(seven(with("web", service("web:1", 2, ports)), places))), nil, `
shop: release 7 from 6: 1 replaced, 2 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: of its ranges of ports it gets 8001 instead of 8000; stop-first: its port of 8000-8002 is taken until the old one has stopped
web.2 node-back-1 kept: fits`},
		{"the same tag is another image (32)", six(), seven(two, places, func(r *Release) { r.Images["web"] = "web:1@sha256:" + strings.Repeat("2", 64) }), nil, `
shop: release 7 from 6: 2 replaced, 1 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: image web:1: 111111111111 -> 222222222222
web.2 node-back-1 replaced: image web:1: 111111111111 -> 222222222222`},
		{"the environment by its names", six(func(r *Release) { r.Model.Services["web"] = service("web:1", 2, env("A", "1", "B", "1")) }), seven(with("web", service("web:1", 2, env("A", "1", "B", "2", "C", "3"))), places), nil, `
shop: release 7 from 6: 2 replaced, 1 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: environment B, C
web.2 node-back-1 replaced: environment B, C`},
		{"other options, networks and volumes by their names", six(), seven(with("web", service("web:1", 2, in("front"), func(s *stack.Service) { s.Container.User, s.StopTimeout = "1000", 30 })), places), nil, `
shop: release 7 from 6: 2 replaced, 1 kept
db.1 node-back-1 kept: volume
web.1 node-1 replaced: network front, user, endpoints, stop_timeout
web.2 node-back-1 replaced: network front, user, endpoints, stop_timeout`},
		{"a config changed: its users (33)", ptr(release(t, 6, 0, files, "web.1=a api.1=a db.1=a")),
			seven(files, "web.1=a api.1=a db.1=a", func(r *Release) { r.Model.Configs["site.conf"] = stack.File{Hash: strings.Repeat("d", 64), Size: 4} }), nil, `
shop: release 7 from 6: 1 replaced, 2 kept
api.1 a kept: fits
db.1 a kept: fits
web.1 a replaced: config site.conf`},
		{"a secret changed: its users, by its name (38)", ptr(release(t, 6, 0, files, "web.1=a api.1=a db.1=a")),
			seven(files, "web.1=a api.1=a db.1=a", func(r *Release) { r.Model.Secrets["password"] = stack.File{Hash: strings.Repeat("6", 64)} }), nil, `
shop: release 7 from 6: 1 replaced, 2 kept
api.1 a replaced: secret password
db.1 a kept: fits
web.1 a kept: fits`},
		{"a service gone: its volume stays (39)", six(), seven(services{"web": two["web"]}, "web.1=node-1 web.2=node-back-1"), nil, `
shop: release 7 from 6: 2 kept, 1 stopped
db.1 node-back-1 stopped: the service is gone
web.1 node-1 kept: fits
web.2 node-back-1 kept: fits
volume shop_data of db.1 stays on node-back-1`},
		{"a job runs once a release (34)", ptr(release(t, 6, 0, services{"db": two["db"], "migrate": service("db:1", 1, job)}, "db.1=a:shop_data migrate.1=a")),
			seven(services{"db": two["db"], "migrate": service("db:1", 1, job)}, "db.1=a:shop_data migrate.1=a"), nil, `
shop: release 7 from 6: 1 kept, 1 job
db.1 a kept: volume
migrate.1 a runs: a job
job migrate: what it does is not undone if the release fails`},
		{"and not to go back", ptr(release(t, 6, 0, services{"migrate": service("db:1", 1, job)}, "migrate.1=a")),
			seven(services{"migrate": service("db:1", 1, job)}, "migrate.1=a", func(r *Release) { r.Skipped = []string{"migrate"} }), nil, `
shop: release 7 from 6: 1 kept
migrate.1 a kept: a job, which is not run to go back`},
		{"service:x again is no change (43)", ptr(release(t, 6, 0, pod, "web.1=a log.1=a")), seven(pod, "web.1=a log.1=a"), nil, `
shop: release 7 from 6: 2 kept
log.1 a kept: fits
web.1 a kept: fits`},
		{"who joins is made anew with the owner (42)", ptr(release(t, 6, 0, pod, "web.1=a log.1=a")), seven(services{"web": service("web:2", 1), "log": pod["log"]}, "web.1=a log.1=a"), nil, `
shop: release 7 from 6: 2 replaced
log.1 a replaced: with web.1; stop-first: it is in the pod of web.1
web.1 a replaced: image web:1 -> web:2; stop-first: log.1 is in its pod`},
		{"who depends with restart as well", ptr(release(t, 6, 0, services{"web": service("web:1", 1, restarted("db")), "db": service("db:1", 1)}, "web.1=a db.1=a")),
			seven(services{"web": service("web:1", 1, restarted("db")), "db": service("db:2", 1)}, "web.1=a db.1=a"), nil, `
shop: release 7 from 6: 2 replaced
db.1 a replaced: image db:1 -> db:2
web.1 a replaced: with db, which it depends on with restart`},
		{"a volume on a host that cannot run it (28)", six(), waiting("db.1", "volume shop_data is on node-back-1, which is lost", seven(two, places)), nil, `
shop: release 7 from 6: 2 kept, 1 waiting
db.1 node-back-1 waiting: volume shop_data is on node-back-1, which is lost
web.1 node-1 kept: fits
web.2 node-back-1 kept: fits`},
		{"nothing at all", nil, release(t, 1, 0, services{"web": service("web:1", 0)}, ""), nil, `
shop: release 1: nothing runs`},
	} {
		t.Run(strings.ReplaceAll(c.claim, " ", "_"), func(t *testing.T) {
			got := Lines(c.from, c.to, c.refused)
			wantText(t, "lines", strings.Join(got, "\n"), c.want)
		})
	}
}

func TestUnreached_names_what_is_to_change_there(t *testing.T) {
	all := services{"web": service("web:1", 2), "db": service("db:1", 1), "cron": service("cron:1", 1)}
	from := release(t, 6, 0, all, "web.1=a web.2=b db.1=b cron.1=b")
	to := release(t, 7, 6, services{"web": service("web:2", 2), "db": all["db"]}, "web.1=a web.2=b db.1=b")
	wantText(t, "refused", strings.Join(Unreached(&from, to, map[string]string{"b": "unreachable"}), "\n"), `
cron.1 refused: b is unreachable, where it is to be stopped: the service is gone
web.2 refused: b is unreachable, where it is to be replaced: image web:1 -> web:2`)
	moved := release(t, 7, 6, all, "web.1=a web.2=b db.1=b cron.1=c")
	wantText(t, "refused", strings.Join(Unreached(&from, moved, map[string]string{"b": "unreachable", "c": "unreachable"}), "\n"), `
cron.1 refused: b is unreachable, where it is to be moved: fits
cron.1 refused: c is unreachable, where it is to be moved: fits`)
	jobs := release(t, 7, 6, services{"web": service("web:1", 2), "cron": service("cron:1", 1, job)}, "web.1=a web.2=b cron.1=b")
	wantText(t, "refused", strings.Join(Unreached(&jobs, jobs, map[string]string{"b": "unreachable"}), "\n"), `
cron.1 refused: b is unreachable, where it is to run: a job`)
	if again := Unreached(&from, release(t, 7, 6, all, "web.1=a web.2=b db.1=b cron.1=b"), map[string]string{"b": "unreachable"}); again != nil {
		t.Errorf("what stays is refused: %v", again)
	}
}

func TestUnreached_names_what_is_to_change_of_standbys(t *testing.T) {
	one := services{"one": service("one:1", 1, rescheduled)}
	from := release(t, 6, 0, one, "one.1=a+b")
	for _, c := range []struct {
		claim string
		to    Release
		want  string
	}{
		{"nothing", release(t, 7, 6, one, "one.1=a+b"), ""},
		{"nothing where its slot moves", release(t, 7, 6, one, "one.1=c+b"), ""},
		{"it is made of something else", release(t, 7, 6, services{"one": service("one:2", 1, rescheduled)}, "one.1=a+b"), "one.1 refused: b is unreachable, where its standby is to be replaced: image one:1 -> one:2"},
		{"the service is gone", release(t, 7, 6, services{}, ""), "one.1 refused: b is unreachable, where its standby is to be stopped: the service is gone"},
		{"it has none any more", release(t, 7, 6, services{"one": service("one:1", 1)}, "one.1=a"), "one.1 refused: b is unreachable, where its standby is to be stopped: it is not rescheduled"},
		{"it has another one", release(t, 7, 6, one, "one.1=a+c"), "one.1 refused: b is unreachable, where its standby is to be stopped: it has another one"},
	} {
		t.Run(strings.ReplaceAll(c.claim, " ", "_"), func(t *testing.T) {
			got := Unreached(&from, c.to, map[string]string{"b": "unreachable"})
			wantText(t, "refused", strings.Join(got, "\n"), c.want)
			for _, wave := range Waves(&from, c.to) {
				for _, s := range wave.Steps {
					if s.Host == "b" && got == nil {
						t.Errorf("not refused: %s", s)
					}
				}
			}
		})
	}
}

// taking gives a slot of a release a port of a range.
func taking(slot string, port int, r *Release) *Release {
	key, _ := stack.ParseSlot(slot)
	s := r.Slots[key]
	s.Ports = []int{port}
	r.Slots[key] = s
	return r
}

func ptr(r Release) *Release { return &r }

func restarted(name string) func(*stack.Service) {
	return func(s *stack.Service) { s.DependsOn = map[string]stack.Dependency{name: {Restart: true}} }
}

func waiting(slot, reason string, r Release) Release {
	r = why(slot, reason, r)
	key, _ := stack.ParseSlot(slot)
	s := r.Slots[key]
	s.Waiting = true
	r.Slots[key] = s
	return r
}

// All that people read of two releases has names of secrets and variables, and
// nothing of what they hold, nor of what is stored of that.
func TestLines_have_no_secret(t *testing.T) {
	key := []byte(strings.Repeat("k", KeyBytes))
	seal := func(value string) func(*Release) {
		return func(r *Release) {
			sealed, err := Seal(key, "shop", "password", []byte(value))
			if err != nil {
				t.Fatal(err)
			}
			r.Secrets = map[string][]byte{"password": sealed}
			r.Model.Secrets["password"] = stack.File{Hash: strings.Repeat(value[:1], 64)}
		}
	}
	from := release(t, 6, 0, services{"api": service("api:1", 1, uses("", "password"), env("TOKEN", "hunter2"))}, "api.1=a", seal("correct horse"))
	to := release(t, 7, 6, services{"api": service("api:1", 1, uses("", "password"), env("TOKEN", "hunter3"))}, "api.1=a", seal("battery staple"))
	said := strings.Join(Lines(&from, to, nil), "\n") + text(Waves(&from, to))
	undo, remarks := Undo(&from, to, 2)
	said += text(undo) + strings.Join(remarks, "\n")
	for _, r := range []Release{from, to} {
		for _, secret := range []string{"correct horse", "battery staple", "hunter", base64.StdEncoding.EncodeToString(r.Secrets["password"]), r.Model.Secrets["password"].Hash} {
			if strings.Contains(said, secret) {
				t.Errorf("%q is in\n%s", secret, said)
			}
		}
	}
	if !strings.Contains(said, "environment TOKEN, secret password") {
		t.Errorf("what changed is not named in\n%s", said)
	}
	for _, r := range []Release{from, to} {
		data, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"correct horse", "battery staple"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%q is stored: %s", secret, data)
			}
		}
	}
}

// A plan is the same plan whatever its words, and another one for another host.
func TestPlanHash(t *testing.T) {
	all := services{"web": service("web:1", 1)}
	hash := release(t, 1, 0, all, "web.1=a").PlanHash()
	if other := why("web.1", "another reason", release(t, 1, 0, all, "web.1=a")); other.PlanHash() != hash {
		t.Error("a reason makes another plan")
	}
	if other := release(t, 1, 0, all, "web.1=b"); other.PlanHash() == hash {
		t.Error("another host makes the same plan")
	}
	if other := release(t, 1, 0, services{"web": service("web:1", 1, update(stack.Update{Parallelism: 2}))}, "web.1=a"); other.PlanHash() == hash {
		t.Error("another model makes the same plan")
	}
}

// What only says where instances are, how many, and in which order replaces none.
func TestSpecHash_knows_the_container_alone(t *testing.T) {
	hash := func(change ...func(*stack.Service)) string {
		return release(t, 1, 0, services{"web": service("web:1", 1, change...)}, "").SpecHash("web")
	}
	for claim, c := range map[string]struct {
		change func(*stack.Service)
		same   bool
	}{
		"instances":   {func(s *stack.Service) { s.Replicas = 3 }, true},
		"constraints": {func(s *stack.Service) { s.Constraints = []stack.Rule{{Key: "node", Value: "a"}} }, true},
		"order":       {update(stack.Update{Order: "stop-first"}), true},
		"depends_on":  {after("db"), true},
		"standby":     {func(s *stack.Service) { s.Reschedule = true }, false},
		"reserved":    {func(s *stack.Service) { s.Resources.Reserve.Memory = 1 }, true},
		"command":     {func(s *stack.Service) { s.Container.Command = []string{"x"} }, false},
		"ports":       {port, false},
		"networks":    {in("back"), false},
		"volumes":     {volume("data"), false},
		"pod":         {network("db"), false},
		"config":      {uses("site.conf", ""), false},
		"secret":      {uses("", "password"), false},
	} {
		if same := hash() == hash(c.change); same != c.same {
			t.Errorf("%s: the same hash is %t, want %t", claim, same, c.same)
		}
	}
}
