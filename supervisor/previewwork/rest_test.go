package previewwork

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/preview"
)

func TestSleepers_are_asleep_and_have_a_service_that_is_enabled(t *testing.T) {
	w := &worker{host: "a", choice: choice{"a", 5, takeover}}
	s := snapshot{states: map[string]preview.State{}, facts: map[string]preview.Facts{}}
	var known facts
	for name, c := range map[string]struct {
		host    string
		step    preview.Step
		want    preview.Want
		open    bool
		enabled bool
	}{
		"stopped":        {"a", preview.Asleep, preview.Stopped, false, true},
		"idle":           {"a", preview.Asleep, preview.Running, false, true},
		"idle-and-still": {"a", preview.Asleep, preview.Running, false, false},
		"asked-for":      {"a", preview.Asleep, preview.Running, true, true},
		"ready":          {"a", preview.Ready, preview.Running, false, true},
		"failed":         {"a", preview.Failed, preview.Running, false, true},
		"elsewhere":      {"b", preview.Asleep, preview.Running, false, true},
	} {
		wish := preview.Wish{Name: name, Commit: "c1", Want: c.want, Asked: noon}
		job := preview.Facts{Wish: wish}.Job()
		s.states[name] = preview.State{Host: c.host, Step: c.step}
		s.facts[name] = preview.Facts{Wish: wish, Done: &job, Step: c.step, Open: c.open}
		known.Services = append(known.Services, service{Name: "x", Stack: preview.StackOf(name)}, service{Name: "y", Stack: preview.StackOf(name), Enabled: c.enabled})
	}
	if got, want := w.sleepers(s, known, noon), []string{"idle", "stopped"}; !slices.Equal(got, want) {
		t.Errorf("they are %v, want %v", got, want)
	}
}

func TestRests_leaves_what_a_host_had_that_is_gone_to_that_host(t *testing.T) {
	w := &worker{host: "a"}
	made := preview.State{Host: "b", Step: preview.Ready, Done: &preview.Job{Commit: "c1"}, Routes: map[string][]string{"": {"10.0.0.1:80"}}}
	s := made
	if w.rests(&s); s.Host != "b" || s.Done != nil || s.Routes != nil || s.Step != preview.Asleep {
		t.Errorf("of another host's it makes %+v", s)
	}
	wish := preview.Wish{Name: "akira", Commit: "c1", Want: preview.Running, Asked: noon}
	if got := (preview.Rules{}).Next(preview.Facts{Wish: wish, Done: s.Done, Step: s.Step, Lost: true}, noon); got != preview.Deploy {
		t.Errorf("once it is started next is %q", got)
	}
	s = made
	s.Host = "a"
	if w.rests(&s); s.Host != "a" || s.Done == nil || s.Routes == nil || s.Step != preview.Asleep {
		t.Errorf("of its own it makes %+v", s)
	}
}

func TestUnmade_is_deployed_next(t *testing.T) {
	wish := preview.Wish{Name: "akira", Commit: "c1", Want: preview.Running, Asked: noon}
	job := preview.Facts{Wish: wish}.Job()
	s := preview.State{Name: "akira", Host: "a", Step: preview.Asleep, Done: &job, Reason: "why"}
	unmade(&s)
	if got := (preview.Rules{}).Next(preview.Facts{Wish: wish, Done: s.Done, Step: s.Step}, noon); got != preview.Deploy || s.Host != "a" || s.Reason != "" {
		t.Errorf("next is %q, of %+v", got, s)
	}
}

// startsWhatNeverRan starts a preview again that was stopped after its first build had failed.
func (r *rig) startsWhatNeverRan() {
	commit := r.push("birch", "birch", map[string]string{"compose.yaml": compose + "    privileged: true\n"})
	r.ask("birch", commit)
	failed := func() bool {
		s := r.state("birch")
		return s.Step == preview.Failed && s.Done != nil && s.Done.Commit == commit
	}
	r.so("it has failed", failed)
	r.change("birch", func(w preview.Wish) preview.Wish { w.Want = preview.Stopped; return w })
	r.becomes("birch", preview.Asleep)
	r.change("birch", func(w preview.Wish) preview.Wish { w.Want, w.Pinned = preview.Running, true; return w })
	r.so("it has failed again", failed)
	said, err := os.ReadFile(r.worker.log.Name())
	if n := strings.Count(string(said), "preview=birch deed=wake"); err != nil || n != 1 {
		r.Errorf("it was woken %d times, %v, want once", n, err)
	}
	r.change("birch", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("birch")
}

// sleepsHalf kills the worker right after it has written that a preview is asleep.
func (r *rig) sleepsHalf() {
	r.ask("willow", r.push("willow", "willow", nil))
	r.serves("willow", "/", "willow")
	r.isMade("willow")
	r.worker.kill(syscall.SIGKILL)
	if _, err := (records{r.store}).state(r.Context(), "willow", true, func(s *preview.State) { s.Step = preview.Asleep }); err != nil {
		r.Fatal(err)
	}
	r.startWorker()
	r.so("its containers are stopped", func() bool { return len(r.containersOf("willow")) == 0 })
	if s := r.state("willow"); s.Step != preview.Asleep {
		r.Errorf("the state is %+v", s)
	}
	r.serves("willow", "/", "willow") // it wakes
	r.becomes("willow", preview.Ready)
	r.change("willow", func(w preview.Wish) preview.Wish { w.Want, w.Asked = preview.Removed, time.Now().UTC(); return w })
	r.goes("willow")
}
