package previewwork

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/preview"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// site is a snapshot with workers a, b and c, of which b has a preview, and gone had one.
func site() snapshot {
	return snapshot{
		states:  map[string]preview.State{"old": {Name: "old", Host: "b"}, "lost": {Name: "lost", Host: "gone"}},
		workers: map[string]preview.Worker{"a": {Host: "a", Most: 2}, "b": {Host: "b", Most: 2}, "c": {Host: "c", Most: 2}},
		gone:    map[string]time.Time{"gone": noon},
	}
}

const takeover = 2 * time.Minute

func TestMine(t *testing.T) {
	for claim, c := range map[string]struct {
		host, name string
		later      time.Duration
		want       bool
	}{
		"one's own": {"b", "old", 0, true},
		"another's": {"a", "old", time.Hour, false},
		"a new one, for the host with the fewest":         {"a", "new", 0, true},
		"a new one, for the next host at once":            {"c", "new", 0, false},
		"a new one, that the first host has not taken":    {"c", "new", turnOfHosts, true},
		"a new one, for the fullest host, before others":  {"b", "new", turnOfHosts, false},
		"a new one, that no other has taken":              {"b", "new", 2 * turnOfHosts, true},
		"one whose host is away":                          {"a", "lost", takeover - 1, false},
		"one whose host is gone":                          {"a", "lost", takeover, true},
		"one of this host, which is not announced itself": {"gone", "lost", 0, true},
	} {
		if got := (choice{c.host, 2, takeover}).mine(site(), site().previews(), c.name, preview.Deploy, noon, noon.Add(c.later)); got != c.want {
			t.Errorf("%s: %v", claim, got)
		}
	}
	full := site()
	full.states["next"] = preview.State{Name: "next", Host: "b"}
	if (choice{"b", 2, takeover}).mine(full, full.previews(), "new", preview.Deploy, noon, noon.Add(time.Hour)) {
		t.Error("a host without room takes a new one")
	}
	if !(choice{"b", 2, takeover}).mine(full, full.previews(), "old", preview.Deploy, noon, noon) {
		t.Error("a host without room leaves its own")
	}
}

func TestMine_of_what_is_to_go_or_stop_is_for_a_host_without_room_too(t *testing.T) {
	full := site()
	full.workers = map[string]preview.Worker{"a": {Host: "a", Most: 1}, "b": {Host: "b", Most: 1}}
	full.states["other"] = preview.State{Name: "other", Host: "a"}
	for claim, c := range map[string]struct {
		host, name string
		deed       preview.Deed
		later      time.Duration
		want       bool
	}{
		"one that no host has goes":                     {"a", "new", preview.Remove, 0, true},
		"by the next host in turn, where that is slow":  {"b", "new", preview.Remove, turnOfHosts, true},
		"and by one host first":                         {"b", "new", preview.Remove, 0, false},
		"one whose host is gone goes":                   {"a", "lost", preview.Remove, takeover, true},
		"one whose host is gone is stopped":             {"a", "lost", preview.Sleep, takeover, true},
		"one whose host is there is left to that":       {"a", "old", preview.Remove, time.Hour, false},
		"one that no host has is not begun":             {"a", "new", preview.Deploy, time.Hour, false},
		"one whose host is gone is not begun elsewhere": {"a", "lost", preview.Deploy, time.Hour, false},
	} {
		if got := (choice{c.host, 1, takeover}).mine(full, full.previews(), c.name, c.deed, noon, noon.Add(c.later)); got != c.want {
			t.Errorf("%s: %v", claim, got)
		}
	}
}

func TestDue_are_no_more_than_a_host_may_have(t *testing.T) {
	s := snapshot{
		wishes: map[string]preview.Wish{}, facts: map[string]preview.Facts{}, gone: map[string]time.Time{"gone": noon},
		states: map[string]preview.State{"own": {Host: "a", Step: preview.Ready}, "held": {Host: "b", Step: preview.Ready}},
	}
	for i := range 30 { // of these every third had a host that is gone
		name := fmt.Sprintf("new-%d", i)
		if i%3 == 0 {
			s.states[name] = preview.State{Host: "gone", Step: preview.Ready}
		}
		s.wishes[name] = preview.Wish{Name: name, Commit: "c1", Want: preview.Running, Asked: noon.Add(time.Duration(i) * time.Second)}
	}
	s.wishes["own"] = preview.Wish{Name: "own", Commit: "c2", Want: preview.Running, Asked: noon.Add(time.Hour)}
	for name, wish := range s.wishes {
		s.facts[name] = preview.Facts{Wish: wish, Step: s.states[name].Step}
	}
	begins := func(jobs ...string) (names []string) {
		w := &worker{choice: choice{"a", 5, takeover}, jobs: map[string]*job{}, retries: map[string]retry{}, wanted: map[string]time.Time{}}
		for _, name := range jobs {
			w.jobs[name] = &job{deed: preview.Deploy}
		}
		for _, one := range w.due(s, noon.Add(2*time.Hour)) {
			names = append(names, one.facts.Wish.Name)
		}
		return names
	}
	if got, want := begins(), []string{"new-0", "new-1", "new-2", "new-3", "own"}; !slices.Equal(got, want) {
		t.Errorf("beside its own it begins %v, want %v", got, want)
	}
	if got, want := begins("new-7", "new-8", "new-9"), []string{"new-0", "own"}; !slices.Equal(got, want) {
		t.Errorf("beside three that the store does not have as its own yet it begins %v, want %v", got, want)
	}
	if got, want := begins("own"), []string{"new-0", "new-1", "new-2", "new-3"}; !slices.Equal(got, want) {
		t.Errorf("while it works on its own it begins %v, want %v", got, want)
	}
}

func TestDue_has_what_is_to_go_wait_neither_for_room_nor_for_another_try(t *testing.T) {
	s := snapshot{
		states: map[string]preview.State{"own": {Host: "a", Step: preview.Ready}, "fails": {Host: "a", Step: preview.Failed}},
		wishes: map[string]preview.Wish{}, facts: map[string]preview.Facts{},
	}
	for name, want := range map[string]preview.Want{"own": preview.Running, "new": preview.Running, "gone": preview.Removed, "over": preview.Running, "fails": preview.Removed, "stopped": preview.Stopped} {
		wish := preview.Wish{Name: name, Commit: "c1", Want: want, Asked: noon}
		if name == "over" {
			wish.Asked = noon.AddDate(0, 0, -8)
		}
		s.wishes[name] = wish
		f := preview.Facts{Wish: wish, Step: s.states[name].Step, Since: noon}
		if name == "own" {
			job := f.Job()
			f.Done = &job
		}
		s.facts[name] = f
	}
	w := &worker{choice: choice{"a", 1, takeover}, jobs: map[string]*job{}, retries: map[string]retry{}, wanted: map[string]time.Time{}}
	w.retries["fails"] = retry{preview.Deploy, noon.Add(retryAtMost), 8} // of its deployment
	begins := func() string {
		var all []string
		for _, one := range w.due(s, noon) {
			all = append(all, string(one.deed)+" "+one.facts.Wish.Name)
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	if got, want := begins(), "remove fails, remove gone, remove over"; got != want {
		t.Errorf("a host without room begins %q, want %q", got, want)
	}
	w.retries["gone"] = retry{preview.Remove, noon.Add(retryAfter), 1}
	if got, want := begins(), "remove fails, remove over"; got != want {
		t.Errorf("after a removal that failed it begins %q, want %q", got, want)
	}
	w.choice.most = 3
	w.jobs["gone"], w.jobs["over"] = &job{deed: preview.Remove}, &job{deed: preview.Remove}
	if got, want := begins(), "deploy new, remove fails"; got != want {
		t.Errorf("with room, which no removal takes, it begins %q, want %q", got, want)
	}
}

func TestLost_is_what_a_host_has_that_is_gone_for_good(t *testing.T) {
	for claim, c := range map[string]struct {
		host, name string
		later      time.Duration
		want       bool
	}{
		"a moment after its host was seen last": {"a", "lost", takeover - 1, false},
		"after that":                            {"a", "lost", takeover, true},
		"of a host that is there":               {"a", "old", time.Hour, false},
		"of this host":                          {"gone", "lost", time.Hour, false},
		"of none yet":                           {"a", "new", time.Hour, false},
	} {
		if got := (choice{c.host, 2, takeover}).lost(site(), c.name, noon.Add(c.later)); got != c.want {
			t.Errorf("%s: %v", claim, got)
		}
	}
}

func TestTakes_has_nothing_of_what_another_host_made(t *testing.T) {
	w := &worker{host: "a"}
	made := preview.State{Host: "b", Step: preview.Asleep, Done: &preview.Job{Commit: "c1"}, Routes: map[string][]string{"": {"10.0.0.1:80"}}}
	s := made
	if w.takes(&s); s.Host != "a" || s.Done != nil || s.Routes != nil || s.Step != preview.Queued {
		t.Errorf("of another host's it makes %+v", s)
	}
	s = made
	s.Host = "a"
	if w.takes(&s); s.Done == nil || s.Routes == nil || s.Step != preview.Asleep {
		t.Errorf("of its own it makes %+v", s)
	}
}

func TestIsLeft_is_what_another_host_took_or_nobody_wants(t *testing.T) {
	s := snapshot{
		wishes: map[string]preview.Wish{"own": {}, "taken": {}, "new": {}, "queued": {}},
		states: map[string]preview.State{"own": {Host: "a"}, "taken": {Host: "b"}, "queued": {}, "going": {Host: "a"}},
	}
	for name, want := range map[string]bool{
		"own": false, "taken": true, "new": false, "queued": false,
		"going": false, // its wish has gone, and what has to be removed is this host's to remove
		"gone":  true,
	} {
		if got := s.isLeft("a", name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestOvertaken(t *testing.T) {
	f := preview.Facts{Wish: preview.Wish{Commit: "c1", Want: preview.Running}}
	job := f.Job()
	pushed := f
	pushed.Wish.Commit = "c2"
	stopped := f
	stopped.Wish.Want = preview.Stopped
	for claim, c := range map[string]struct {
		deed, next preview.Deed
		f          preview.Facts
		want       bool
	}{
		"the same":                     {preview.Deploy, preview.Deploy, f, false},
		"a push":                       {preview.Deploy, preview.Deploy, pushed, true},
		"it is written already":        {preview.Deploy, preview.Rest, f, false},
		"stopped before its first run": {preview.Deploy, preview.Rest, stopped, true},
		"removed":                      {preview.Deploy, preview.Remove, f, true},
		"asleep already":               {preview.Sleep, preview.Rest, f, false},
		"asked for while it stops":     {preview.Sleep, preview.Wake, f, true},
		"a push while it wakes":        {preview.Wake, preview.Deploy, pushed, true},
	} {
		if got := overtaken(c.deed, job, c.next, c.f); got != c.want {
			t.Errorf("%s: %v", claim, got)
		}
	}
}

func TestDue(t *testing.T) {
	for claim, c := range map[string]struct {
		poll    int
		unknown bool
		ago     time.Duration
		want    bool
	}{
		"a minute ago":                        {0, false, time.Minute, true},
		"half a minute ago":                   {0, false, 30 * time.Second, false},
		"each ten seconds":                    {10, false, 10 * time.Second, true},
		"never":                               {-1, false, time.Hour, false},
		"never, but for a wish's commit":      {-1, true, 2 * time.Second, true},
		"a wish's commit, asked a moment ago": {0, true, time.Second, false},
	} {
		if got := due(preview.Repo{Poll: c.poll}, c.unknown, c.ago); got != c.want {
			t.Errorf("%s: %v", claim, got)
		}
	}
}

func TestCheck_names_the_bad_setting(t *testing.T) {
	good := func() options {
		o := options{previews: 1, rules: preview.Rules{Most: 1, TTL: time.Hour, Idle: time.Hour}, scheme: "http", key: "/k", timeout: time.Minute, takeover: time.Minute}
		o.limits.Memory, o.limits.CPU, o.limits.Time, o.limits.Free = 1<<30, 1000, time.Minute, 1<<30
		return o
	}
	o := good()
	if err := o.check(nil, "21000-21999"); err != nil || o.first != 21000 || o.last != 21999 {
		t.Errorf("good settings: %v, ports %d to %d", err, o.first, o.last)
	}
	for want, change := range map[string]func(*options) (words []string, ports string){
		"--ports":        func(*options) ([]string, string) { return nil, "21000" },
		"--ports 9-8":    func(*options) ([]string, string) { return nil, "9-8" },
		"it takes no":    func(*options) ([]string, string) { return []string{"x"}, "21000-21999" },
		"--scheme":       func(o *options) ([]string, string) { o.scheme = "ftp"; return nil, "21000-21999" },
		"--previews":     func(o *options) ([]string, string) { o.previews = 0; return nil, "21000-21999" },
		"--ttl":          func(o *options) ([]string, string) { o.rules.TTL = time.Second; return nil, "21000-21999" },
		"--timeout":      func(o *options) ([]string, string) { o.timeout = time.Second; return nil, "21000-21999" },
		"--takeover":     func(o *options) ([]string, string) { o.takeover = time.Second; return nil, "21000-21999" },
		"--build-memory": func(o *options) ([]string, string) { o.limits.Memory = 1; return nil, "21000-21999" },
		"--key":          func(o *options) ([]string, string) { o.key = "k"; return nil, "21000-21999" },
	} {
		o := good()
		words, ports := change(&o)
		if err := o.check(words, ports); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestFault_is_found_in_what_wraps_it(t *testing.T) {
	if err := errors.Join(faultf("the branch's"), nil); !errors.As(err, new(fault)) {
		t.Error("a fault is none once it is joined")
	}
}
