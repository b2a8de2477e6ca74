package release

import (
	"strings"
	"testing"

	"rundock/internal/stack"
)

func TestWaves(t *testing.T) {
	shop := services{
		"db":      service("db:1", 1, volume("data"), in("back")),
		"migrate": service("api:1", 1, job, after("db"), in("back")),
		"api":     service("api:1", 2, after("migrate"), in("back", "front")),
		"web":     service("web:1", 2, after("api"), port, in("front")),
		"cron":    service("cron:1", 1),
	}
	const places = "db.1=a:shop_data migrate.1=a api.1=a api.2=b web.1=a web.2=b cron.1=c"
	first := release(t, 1, 0, shop, places)
	change := func(name string, s stack.Service) services {
		all := services{}
		for n, def := range shop {
			all[n] = def
		}
		if all[name] = s; s.Container.Image == "" {
			delete(all, name)
		}
		return all
	}
	ran := func(r Release) Release { r.Skipped = []string{"migrate"}; return r }
	pod := services{"web": service("web:1", 2), "log": service("log:1", 2, network("web"))}
	for _, c := range []struct {
		claim string
		from  *Release
		to    Release
		want  string
	}{
		{"the first release goes by what depends on what", nil, first, `
pull images, and create containers on trial
  prepare api.1 on a
  prepare api.2 on b
  prepare cron.1 on c
  prepare db.1 on a
  prepare migrate.1 on a
  prepare web.1 on a
  prepare web.2 on b
networks
  join back on a
  join front on a
  join back on b
  join front on b
cron, db
  start cron.1 on c, until healthy: fits
  start db.1 on a, until healthy: volume
migrate
  run migrate.1 on a, until completed: a job
api
  start api.1 on a, until healthy: fits
  start api.2 on b, until healthy: fits
web
  start web.1 on a, until healthy: fits
  start web.2 on b, until healthy: fits
monitor
  monitor for 5s
commit
  commit`},
		{"another number", &first, ran(release(t, 2, 1, shop, places)), `
commit
  commit`},
		{"one image changed: its instances, one at a time, the first one alone in front", &first,
			ran(release(t, 2, 1, change("api", service("api:2", 2, after("migrate"), in("back", "front"), update(stack.Update{Delay: "10s", Monitor: "30s"}))), places)), `
pull images, and create containers on trial
  prepare api.1 on a
  prepare api.2 on b
api
  replace api.1 on a, start-first, until healthy: image api:1 -> api:2
  pause 10s
api
  replace api.2 on b, start-first, until healthy: image api:1 -> api:2
monitor
  monitor for 30s
commit
  commit`},
		{"all at once where the file says so", &first,
			ran(release(t, 2, 1, change("web", service("web:2", 3, after("api"), port, in("front"), update(stack.Update{Parallelism: -1, Order: "start-first"}))), places+" web.3=c")), `
pull images, and create containers on trial
  prepare web.1 on a
  prepare web.2 on b
  prepare web.3 on c
networks
  join front on c
web
  start web.3 on c, until healthy: fits
  replace web.1 on a, stop-first, until healthy: image web:1 -> web:2; stop-first: port 80 is taken until the old one has stopped, though update_config says start-first
  replace web.2 on b, stop-first, until healthy: image web:1 -> web:2; stop-first: port 80 is taken until the old one has stopped, though update_config says start-first
monitor
  monitor for 5s
commit
  commit`},
		{"one instance with a volume is stopped first", &first,
			ran(release(t, 2, 1, change("db", service("db:2", 1, volume("data"), in("back"))), places)), `
pull images, and create containers on trial
  prepare db.1 on a
db
  replace db.1 on a, stop-first, until healthy: image db:1 -> db:2; stop-first: the one instance with volume shop_data
monitor
  monitor for 5s
commit
  commit`},
		{"what moved is stopped after the commit, and networks go with the last that needs them", &first,
			ran(release(t, 2, 1, shop, strings.Replace(places, "api.2=b web.1=a web.2=b", "api.2=c web.1=a web.2=c", 1))), `
pull images, and create containers on trial
  prepare api.2 on c
  prepare web.2 on c
networks
  join back on c
  join front on c
api
  start api.2 on c, until healthy: fits
web
  start web.2 on c, until healthy: fits
monitor
  monitor for 5s
commit
  commit
stop what moved or is not wanted
  stop api.2 on b: moved to c
  stop web.2 on b: moved to c
networks that nobody needs
  leave back on b
  leave front on b`},
		{"nothing is done on a host that is lost", &first,
			ran(release(t, 2, 1, shop, strings.Replace(places, "api.2=b web.1=a web.2=b", "api.2=c web.1=a web.2=c", 1), func(r *Release) { r.Lost = []string{"b"} })), `
pull images, and create containers on trial
  prepare api.2 on c
  prepare web.2 on c
networks
  join back on c
  join front on c
api
  start api.2 on c, until healthy: fits
web
  start web.2 on c, until healthy: fits
monitor
  monitor for 5s
commit
  commit`},
		{"services that are gone are stopped last, users before what they used", &first,
			ran(release(t, 2, 1, services{"cron": shop["cron"]}, "cron.1=c")), `
commit
  commit
stop services that are gone: web
  stop web.1 on a: the service is gone
  stop web.2 on b: the service is gone
stop services that are gone: api
  stop api.1 on a: the service is gone
  stop api.2 on b: the service is gone
stop services that are gone: migrate
  stop migrate.1 on a: the service is gone
stop services that are gone: db
  stop db.1 on a: the service is gone
networks that nobody needs
  leave back on a
  leave front on a
  leave back on b
  leave front on b`},
		{"pods go whole, owners before those that join them", ptr(release(t, 1, 0, pod, "web.1=a log.1=a web.2=b log.2=b")),
			release(t, 2, 1, services{"web": service("web:2", 2), "log": pod["log"]}, "web.1=a log.1=a web.2=b log.2=b"), `
pull images, and create containers on trial
  prepare log.1 on a
  prepare log.2 on b
  prepare web.1 on a
  prepare web.2 on b
web
  replace web.1 on a, stop-first, until healthy: image web:1 -> web:2; stop-first: log.1 is in its pod
log
  replace log.1 on a, stop-first, until healthy: with web.1; stop-first: it is in the pod of web.1
web
  replace web.2 on b, stop-first, until healthy: image web:1 -> web:2; stop-first: log.2 is in its pod
log
  replace log.2 on b, stop-first, until healthy: with web.2; stop-first: it is in the pod of web.2
monitor
  monitor for 5s
commit
  commit`},
		{"a service comes between two of a pod", nil, release(t, 1, 0, services{
			"vpn": service("vpn:1", 1), "db": service("db:1", 1, after("vpn")), "app": service("app:1", 1, network("vpn"), after("db")),
		}, "vpn.1=a db.1=a app.1=a"), `
pull images, and create containers on trial
  prepare app.1 on a
  prepare db.1 on a
  prepare vpn.1 on a
vpn
  start vpn.1 on a, until healthy: fits
db
  start db.1 on a, until healthy: fits
app
  start app.1 on a, until healthy: fits
monitor
  monitor for 5s
commit
  commit`},
		{"what may never run twice is stopped before it starts elsewhere, and its standby comes after",
			ptr(release(t, 1, 0, services{"one": service("one:1", 1, rescheduled)}, "one.1=a+b")),
			release(t, 2, 1, services{"one": service("one:1", 1, rescheduled)}, "one.1=b+c"), `
pull images, and create containers on trial
  prepare one.1 on b
  prepare one.1 on c: a standby
one
  stop one.1 on a: there is never a second one of what is rescheduled
one
  start one.1 on b, until healthy: fits
standbys
  standby one.1 on c
monitor
  monitor for 5s
commit
  commit`},
		{"a standby is stopped before its slot goes on without a lock",
			ptr(release(t, 1, 0, services{"one": service("one:1", 1, rescheduled)}, "one.1=a+b")),
			release(t, 2, 1, services{"one": service("one:1", 1)}, "one.1=a"), `
pull images, and create containers on trial
  prepare one.1 on a
one
  stop one.1 on b: no standby: it is not rescheduled
one
  replace one.1 on a, start-first, until healthy: reschedule
monitor
  monitor for 5s
commit
  commit`},
		{"and with its old host where it moves, though two might run from now on",
			ptr(release(t, 1, 0, services{"one": service("one:1", 1, rescheduled)}, "one.1=a+b")),
			release(t, 2, 1, services{"one": service("one:1", 1)}, "one.1=c"), `
pull images, and create containers on trial
  prepare one.1 on c
one
  stop one.1 on b: no standby: it is not rescheduled
  stop one.1 on a: there is never a second one of what is rescheduled
one
  start one.1 on c, until healthy: fits; reschedule
monitor
  monitor for 5s
commit
  commit`},
		{"nothing is done on a standby's host that is lost",
			ptr(release(t, 1, 0, services{"one": service("one:1", 1, rescheduled)}, "one.1=a+b")),
			release(t, 2, 1, services{"one": service("one:1", 1)}, "one.1=a", func(r *Release) { r.Lost = []string{"b"} }), `
pull images, and create containers on trial
  prepare one.1 on a
one
  replace one.1 on a, start-first, until healthy: reschedule
monitor
  monitor for 5s
commit
  commit`},
		{"what leaves is stopped before another service takes its port there, and once",
			ptr(release(t, 1, 0, services{"web": service("web:1", 2, port), "cron": shop["cron"]}, "web.1=a web.2=b cron.1=a")),
			release(t, 2, 1, services{"front": service("web:1", 1, port), "next": service("web:1", 1, port, after("front")), "cron": shop["cron"]}, "front.1=a next.1=b cron.1=a"), `
pull images, and create containers on trial
  prepare front.1 on a
  prepare next.1 on b
web
  stop web.1 on a: port 80 is for front.1
front
  start front.1 on a, until healthy: fits
web
  stop web.2 on b: port 80 is for next.1
next
  start next.1 on b, until healthy: fits
monitor
  monitor for 5s
commit
  commit`},
		{"two that change places",
			ptr(release(t, 1, 0, services{"one": service("web:1", 1, port), "two": service("web:1", 1, port)}, "one.1=a two.1=b")),
			release(t, 2, 1, services{"one": service("web:1", 1, port), "two": service("web:1", 1, port)}, "one.1=b two.1=a"), `
pull images, and create containers on trial
  prepare one.1 on b
  prepare two.1 on a
one, two
  stop two.1 on b: port 80 is for one.1
  stop one.1 on a: port 80 is for two.1
one, two
  start one.1 on b, until healthy: fits
  start two.1 on a, until healthy: fits
monitor
  monitor for 5s
commit
  commit`},
		{"a service gets another name, and its volume never two instances",
			ptr(release(t, 1, 0, services{"db": service("db:1", 1, volume("data"))}, "db.1=a:shop_data")),
			release(t, 2, 1, services{"store": service("db:1", 1, volume("data"))}, "store.1=a:shop_data"), `
pull images, and create containers on trial
  prepare store.1 on a
db
  stop db.1 on a: volume shop_data is for store.1, the one instance that has it
store
  start store.1 on a, until healthy: volume
monitor
  monitor for 5s
commit
  commit`},
		{"a network that has another key now is not left",
			ptr(release(t, 1, 0, services{"web": service("web:1", 1, in("back"))}, "web.1=a")),
			release(t, 2, 1, services{"web": service("web:1", 1, in("front"))}, "web.1=a", func(r *Release) { r.Model.Networks["front"] = stack.Network{Name: "shop_back"} }), `
pull images, and create containers on trial
  prepare web.1 on a
networks
  join front on a
web
  replace web.1 on a, start-first, until healthy: network back, front, endpoints
monitor
  monitor for 5s
commit
  commit`},
		{"what waits for its host has its network there", ptr(release(t, 1, 0, services{"db": shop["db"]}, "db.1=a:shop_data")),
			waiting("db.1", "volume shop_data is on a, which is drained", release(t, 2, 1, services{"db": shop["db"]}, "db.1=a:shop_data")), `
commit
  commit`},
		{"and goes with its service", ptr(waiting("db.1", "volume shop_data is on a, which is drained", release(t, 1, 0, services{"db": shop["db"]}, "db.1=a:shop_data"))), release(t, 2, 1, services{}, ""), `
commit
  commit
stop services that are gone: db
  stop db.1 on a: the service is gone
networks that nobody needs
  leave back on a`},
	} {
		t.Run(strings.ReplaceAll(c.claim, " ", "_"), func(t *testing.T) {
			wantText(t, "waves", text(Waves(c.from, c.to)), c.want)
		})
	}
}

// A run that finishes, or undoes, what another one has left counts the same waves.
func TestWaves_are_the_same_however_far_they_are(t *testing.T) {
	all := services{"db": service("db:1", 1, volume("data"), in("back")), "web": service("web:1", 2, after("migrate")), "migrate": service("db:1", 1, job, after("db"))}
	from := release(t, 1, 0, services{"web": service("web:0", 2)}, "web.1=a web.2=b")
	to := release(t, 2, 1, all, "db.1=a:shop_data web.1=a web.2=c migrate.1=a")
	want := text(Waves(&from, to))
	to.Begun, to.State, to.Why = 4, Failed, "web.1 never healthy"
	wantText(t, "waves", text(Waves(&from, to)), want)
}

func rescheduled(s *stack.Service) { s.Reschedule = true }

func TestUndo(t *testing.T) {
	all := services{"db": service("db:1", 1, volume("data"), in("back")), "web": service("web:1", 1, after("migrate")), "migrate": service("db:1", 1, job, after("db"))}
	from := release(t, 1, 0, all, "db.1=a:shop_data web.1=a migrate.1=a")
	to := release(t, 2, 1, services{
		"db": service("db:2", 1, volume("data"), in("back")), "migrate": all["migrate"], "web": service("web:2", 1, after("migrate")), "api": service("api:1", 1, after("web"), in("back")),
	}, "db.1=a:shop_data web.1=b migrate.1=a api.1=b")
	wantText(t, "waves", text(Waves(&from, to)), `
pull images, and create containers on trial
  prepare api.1 on b
  prepare db.1 on a
  prepare migrate.1 on a
  prepare web.1 on b
networks
  join back on b
db
  replace db.1 on a, stop-first, until healthy: image db:1 -> db:2; stop-first: the one instance with volume shop_data
migrate
  run migrate.1 on a, until completed: a job
web
  start web.1 on b, until healthy: fits; image web:1 -> web:2
api
  start api.1 on b, until healthy: fits
monitor
  monitor for 5s
commit
  commit
stop what moved or is not wanted
  stop web.1 on a: moved to b`)
	const whole, job = `
undo api
  stop api.1 on b
undo web
  stop web.1 on b
undo migrate
  stop migrate.1 on a
undo db
  replace db.1 on a, stop-first, until healthy
undo networks
  leave back on b`, "job migrate.1 on a may have run: what it did is not undone"
	for _, c := range []struct {
		claim   string
		begun   int
		want    string
		remarks string
	}{
		{"while images are pulled there is nothing to undo", 1, "", ""},
		{"networks go", 2, `
undo networks
  leave back on b`, ""},
		{"the commit began, and the store did not answer", 8, whole, job},
		{"the last service never became healthy (31)", 6, whole, job},
		{"what was committed is not undone", 9, "", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			waves, remarks := Undo(&from, to, c.begun)
			wantText(t, "undo", text(waves), c.want)
			wantText(t, "remarks", strings.Join(remarks, "\n"), c.remarks)
			for _, w := range waves {
				for _, s := range w.Steps {
					if want := map[Do]int{Stop: 2, Leave: 2, Replace: 1}[s.Do]; s.Release != want {
						t.Errorf("%s is of release %d, want %d", s, s.Release, want)
					}
				}
			}
		})
	}
}

// What was stopped for another one starts once that is gone, also where more of it is undone.
func TestUndo_starts_what_was_in_the_way(t *testing.T) {
	from := release(t, 1, 0, services{"web": service("web:1", 1, port)}, "web.1=a")
	to := release(t, 2, 1, services{"front": service("web:1", 1, port)}, "front.1=a")
	waves, _ := Undo(&from, to, 3)
	wantText(t, "undo", text(waves), `
undo front
  stop front.1 on a
undo web
  start web.1 on a, until healthy`)
	wantText(t, "lines", strings.Join(Lines(&from, to, nil), "\n"), `
shop: release 2 from 1: 1 new, 1 stopped
front.1 a new: fits
web.1 a stopped: the service is gone; stop-first: port 80 is for front.1`)
}

// A network that hosts had under another key stays, as what is in it does.
func TestUndo_leaves_no_network_that_has_another_key(t *testing.T) {
	from := release(t, 1, 0, services{"web": service("web:1", 1, in("back"))}, "web.1=a")
	to := release(t, 2, 1, services{"web": service("web:1", 1, in("front"))}, "web.1=a", func(r *Release) { r.Model.Networks["front"] = stack.Network{Name: "shop_back"} })
	waves, _ := Undo(&from, to, 2)
	wantText(t, "undo", text(waves), `
undo networks
  join back on a`)
	if len(waves) == 1 && waves[0].Steps[0].Release != 1 {
		t.Errorf("it is of release %d, want 1", waves[0].Steps[0].Release)
	}
}

func TestUndo_of_a_standby_that_was_stopped_makes_it_a_standby_again(t *testing.T) {
	from := release(t, 1, 0, services{"one": service("one:1", 1, rescheduled)}, "one.1=a+b")
	to := release(t, 2, 1, services{"one": service("one:1", 1, volume("data"))}, "one.1=a:shop_data")
	waves, _ := Undo(&from, to, 3)
	wantText(t, "undo", text(waves), `
undo one
  replace one.1 on a, stop-first, until healthy
undo one
  standby one.1 on b`)
	for _, w := range waves {
		for _, s := range w.Steps {
			if !s.Strict || s.Release != 1 {
				t.Errorf("%s is of release %d, strict %v, want 1, true", s, s.Release, s.Strict)
			}
		}
	}
}

func TestRecover(t *testing.T) {
	all := services{"web": service("web:1", 1)}
	in := func(number, from int, s State, change ...func(*Release)) Release {
		r := release(t, number, from, all, "web.1=a", change...)
		r.State = s
		return r
	}
	done := func(r *Release) { r.Done = true }
	begun := func(r *Release) { r.Begun = 3 }
	for _, c := range []struct {
		claim    string
		current  int
		releases []Release
		lock     *Lock
		inputs   string
		lost     []string
		do       Recovery
		why      string
	}{
		{"no release", 0, nil, nil, "x", nil, Nothing, ""},
		{"a current one", 1, []Release{in(1, 0, Current, done)}, nil, "x", nil, Nothing, ""},
		{"one that was undone", 1, []Release{in(1, 0, Current, done), in(2, 1, Undone)}, nil, "x", nil, Nothing, ""},
		{"one that no host knows of", 1, []Release{in(1, 0, Current, done), in(2, 1, Planned)}, nil, "inputs-2", nil, Rewind, "release 2, which ada began, was not rolled out"},
		{"killed half-way, and the same is asked for", 1, []Release{in(1, 0, Current, done), in(2, 1, Rolling, begun)}, nil, "inputs-2", nil, Finish, "was left in wave 3, and is what is asked for now"},
		{"killed half-way, and something else is", 1, []Release{in(1, 0, Current, done), in(2, 1, Rolling, begun)}, nil, "x", nil, Rewind, "was left in wave 3, and is not what is asked for now"},
		{"killed half-way, and one of its hosts is lost by now", 1, []Release{in(1, 0, Current, done), in(2, 1, Rolling, begun)}, nil, "inputs-2", []string{"b", "a"}, Rewind, "was left in wave 3, and has instances on a host that is lost"},
		{"killed half-way, and the host of what waits for its data was lost already", 1, []Release{in(1, 0, Current, done), in(2, 1, Rolling, begun, func(r *Release) { r.Lost = []string{"a"} })}, nil, "inputs-2", []string{"a"}, Finish, "is what is asked for now"},
		{"killed while it was undone", 1, []Release{in(1, 0, Current, done), in(2, 1, Failed, func(r *Release) { r.Why = "web.1 never healthy" })}, nil, "inputs-2", nil, Rewind, "was left while it was undone: web.1 never healthy"},
		{"killed after the commit", 2, []Release{in(1, 0, Past), in(2, 1, Current)}, nil, "x", nil, Settle, "is current, and what left may not be stopped"},
		{"another run", 1, []Release{in(1, 0, Current, done)}, &Lock{ID: "r2", Who: "bob", Host: "node-2", Does: "deploy", Since: began}, "x", nil, Refuse, "shop is being worked on by bob on node-2, which does deploy since 12:00:00 UTC"},
		{"our own lock", 1, []Release{in(1, 0, Current, done)}, &Lock{ID: "r1"}, "x", nil, Nothing, ""},
		{"the current one is not stored", 3, []Release{in(2, 1, Past)}, nil, "x", nil, Refuse, "release 3 of shop is current, and the store does not have it"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			v := View{Stack: "shop", Current: c.current, Releases: map[int]Release{}, Lock: c.lock}
			for _, r := range c.releases {
				v.Releases[r.Number] = r
			}
			do, why := Recover(v, "r1", c.inputs, c.lost)
			if do != c.do || !strings.Contains(why, c.why) {
				t.Errorf("Recover = %s, %q, want %s, %q", do, why, c.do, c.why)
			}
		})
	}
}
