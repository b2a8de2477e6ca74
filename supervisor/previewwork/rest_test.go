package previewwork

import (
	"slices"
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
