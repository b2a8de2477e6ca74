package cutover

import (
	"strings"
	"testing"
	"time"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// attempt is one from blue to green in a phase.
func attempt(phase Phase, change func(*State)) *State {
	s := State{Active: Blue, To: Green, Phase: phase, Attempt: "a1", Who: "ada", Since: began, Drain: 10, Timeout: 20}
	if change != nil {
		change(&s)
	}
	return &s
}

// both are the acknowledgements of front-1 and front-2.
func both(one, two Reached) map[string]Ack {
	return map[string]Ack{"front-1": ack(one), "front-2": ack(two)}
}

func ack(reached Reached) Ack {
	a := Ack{ID: "m/balance/web", Attempt: "a1", Reached: reached, Colour: Blue}
	if reached == Flipped || reached == Drained {
		a.Colour = Green
	}
	if reached == Failed {
		a.Reason = "haproxy -c: unknown keyword"
	}
	return a
}

// counted gives front-1's acknowledgement counters of green.
func counted(acks map[string]Ack, c Counters) map[string]Ack {
	a := acks["front-1"]
	a.Counters = map[string]Counters{Green: c}
	acks["front-1"] = a
	return acks
}

var (
	healthy = []Instance{{Name: "node-1-green", Address: "10.0.0.1:81"}, {Name: "node-2-green", Address: "10.0.0.2:81"}}
	oneIll  = []Instance{healthy[0], {Name: "node-2-green", Address: "10.0.0.2:81", Fault: "connection refused"}}
)

// The rows are in the order in which an attempt goes.
func TestNext(t *testing.T) {
	canary := func(s *State) { s.CanaryPercent, s.CanarySeconds, s.Rollback.ErrorPercent = 10, 30, 1 }
	window := func(s *State) { s.Rollback = Rollback{ErrorPercent: 1, Checks: 2, Window: 30} }
	for _, c := range []struct {
		claim     string
		state     *State
		acks      map[string]Ack
		instances []Instance
		after     int // seconds
		do        Do
		phase     Phase  // of Write
		active    string // of Write
		why       string
	}{
		{"new instances are polled first", attempt(Prepare, nil), both(Prepared, Prepared), oneIll, 1, Wait, "", "", "node-2-green (10.0.0.2:81): connection refused"},
		{"one of two is enough if told so", attempt(Prepare, func(s *State) { s.MinHealthy = 1 }), both(Prepared, Prepared), oneIll, 1, Write, Flip, Blue, "green is prepared on front-1, front-2"},
		{"a colour without instances is waited for", attempt(Prepare, nil), both(Serving, Serving), nil, 1, Wait, "", "", "green has no instance: none has a record"},
		{"a colour without instances goes back in the end", attempt(Prepare, nil), both(Serving, Serving), nil, 20, Write, Back, Blue, "green has no instance: none has a record (waited 20 s)"},
		{"a load balancer that has not prepared is waited for", attempt(Prepare, nil), both(Prepared, Serving), healthy, 1, Wait, "", "", "load balancer front-2 has not acknowledged prepared"},
		{"and named when it goes back", attempt(Prepare, nil), both(Prepared, Serving), healthy, 21, Write, Back, Blue, "load balancer front-2 has not acknowledged prepared (waited 20 s)"},
		{"one that is down is named", attempt(Prepare, nil), map[string]Ack{"front-1": ack(Prepared)}, healthy, 21, Write, Back, Blue, "load balancer front-2 is down"},
		{"one that cannot is named at once, with its reason", attempt(Prepare, nil), both(Prepared, Failed), healthy, 1, Write, Back, Blue, "load balancer front-2: haproxy -c: unknown keyword"},
		{"what another attempt had acknowledged does not count", attempt(Prepare, func(s *State) { s.Attempt = "a2" }), both(Prepared, Prepared), healthy, 1, Wait, "", "", "front-1 has not acknowledged prepared"},
		{"all prepared, it is flipped", attempt(Prepare, nil), both(Prepared, Prepared), healthy, 1, Write, Flip, Blue, ""},
		{"with a canary share, that comes first", attempt(Prepare, canary), both(Prepared, Prepared), healthy, 1, Write, Canary, Blue, ""},

		{"the share is acknowledged by all", attempt(Canary, canary), both(InCanary, Prepared), healthy, 1, Wait, "", "", "load balancer front-2 has not acknowledged canary"},
		{"it lasts", attempt(Canary, canary), both(InCanary, InCanary), healthy, 10, Wait, "", "", "10 % of new sessions go to green for 20s more"},
		{"errors end it", attempt(Canary, canary), counted(both(InCanary, InCanary), Counters{Requests: 100, Errors: 1}), healthy, 10, Write, Back, Blue, "1 of 100 requests to green failed since, and 1 % are too many"},
		{"a colour that is down at the end of it has not gone well", attempt(Canary, canary), both(InCanary, InCanary), oneIll, 31, Write, Back, Blue, "green has 1 healthy instances, and 2 are wanted: node-2-green (10.0.0.2:81): connection refused"},
		{"nor has one without a record", attempt(Canary, canary), both(InCanary, InCanary), nil, 31, Write, Back, Blue, "green has no instance: none has a record"},
		{"without them it is flipped", attempt(Canary, canary), counted(both(InCanary, InCanary), Counters{Requests: 101, Errors: 1}), healthy, 31, Write, Flip, Blue, "the canary share of 10 % went well"},

		{"half flipped is waited for", attempt(Flip, nil), both(Flipped, Prepared), healthy, 1, Wait, "", "", "load balancer front-2 has not acknowledged flipped"},
		{"half flipped goes back", attempt(Flip, nil), both(Flipped, Prepared), healthy, 20, Write, Back, Blue, "front-2 has not acknowledged flipped (waited 20 s)"},
		{"one that goes down half-way makes the others go back", attempt(Flip, nil), map[string]Ack{"front-2": ack(Flipped)}, healthy, 1, Write, Back, Blue, "load balancer front-1 is down"},
		{"one whose map says otherwise has not flipped", attempt(Flip, nil), map[string]Ack{"front-1": ack(Flipped), "front-2": {Attempt: "a1", Reached: Flipped, Colour: Blue}}, healthy, 1, Wait, "", "", "front-2 has acknowledged flipped, and its map says blue"},
		{"flipped, the window is waited for", attempt(Flip, window), both(Drained, Drained), healthy, 10, Wait, "", "", "green has the traffic, and may go back for 20s more"},
		{"failed checks in it go back", attempt(Flip, window), counted(both(Drained, Drained), Counters{Checks: 2}), healthy, 10, Write, Back, Blue, "2 checks of green failed since"},
		{"errors of before it do not count", attempt(Flip, func(s *State) {
			window(s)
			s.Before = map[string]Counters{"front-1": {Requests: 10, Errors: 9}}
		}), counted(both(Drained, Drained), Counters{Requests: 1000, Errors: 10}), healthy, 10, Wait, "", "", "may go back"},
		{"a HAProxy that was started anew counts from 0", attempt(Flip, func(s *State) {
			window(s)
			s.Before = map[string]Counters{"front-1": {Requests: 10_000, Errors: 9}}
		}), counted(both(Drained, Drained), Counters{Requests: 100, Errors: 10}), healthy, 10, Write, Back, Blue, "10 of 100 requests"},
		{"sessions on the old colour are waited for", attempt(Flip, nil), both(Drained, Flipped), healthy, 25, Wait, "", "", "load balancer front-2 has not acknowledged drained"},
		{"and do not fail it", attempt(Flip, nil), both(Drained, Flipped), healthy, 30, Write, Settled, Green, "load balancer front-2 still has sessions on blue"},
		{"drained everywhere, it is settled", attempt(Flip, nil), both(Drained, Drained), healthy, 1, Write, Settled, Green, "green has the traffic"},

		{"back waits for those that had flipped", attempt(Back, func(s *State) { s.From = Flip }), both(Flipped, Serving), healthy, 1, Wait, "", "", "load balancer front-1 has not acknowledged that it is back on blue"},
		{"back waits for one that is down and may have flipped", attempt(Back, func(s *State) { s.From = Flip }), map[string]Ack{"front-2": ack(Serving)}, healthy, 1, Wait, "", "", "front-1 is down, and did not acknowledge that it is back on blue"},
		{"but not for ever, and says so", attempt(Back, func(s *State) { s.From, s.Why = Flip, "x" }), map[string]Ack{"front-2": ack(Serving)}, healthy, 20, Write, Settled, Blue, "x; load balancer front-1 is down"},
		{"one that was down before any flip is not waited for", attempt(Back, func(s *State) { s.From, s.Why = Prepare, "x" }), map[string]Ack{"front-2": ack(Serving)}, healthy, 1, Write, Settled, Blue, "x"},
		{"all back, it is settled as it was", attempt(Back, func(s *State) { s.From, s.Why = Flip, "x" }), both(Serving, Serving), healthy, 1, Write, Settled, Blue, "x"},
		{"settled is the end", &State{Active: Green, To: Green, Phase: Settled}, nil, nil, 1, Done, "", "", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			v := View{Service: "web", State: c.state, Acks: c.acks, LoadBalancers: []string{"front-1", "front-2"}}
			checkStep(t, c.state, Next(v, c.instances, began.Add(time.Duration(c.after)*time.Second)), c.do, c.phase, c.active, c.why)
		})
	}
	t.Run("without a load balancer nothing can be switched", func(t *testing.T) {
		state := attempt(Prepare, nil)
		checkStep(t, state, Next(View{Service: "web", State: state}, healthy, began), Write, Back, Blue, "no load balancer is registered for web")
	})
}

func TestOrphaned(t *testing.T) {
	for _, c := range []struct {
		claim  string
		state  *State
		lock   *Lock
		acks   map[string]Ack
		do     Do
		phase  Phase
		active string
		why    string
	}{
		{"no state is no attempt", nil, nil, nil, Done, "", "", ""},
		{"one that is led is left alone", attempt(Flip, nil), &Lock{ID: "a1", Who: "ada"}, both(Flipped, Flipped), Wait, "", "", "its lead is ada"},
		{"before the flip it goes back", attempt(Prepare, nil), nil, both(Prepared, Prepared), Write, Back, Blue, "rundockd switch of ada has ended in phase prepare"},
		{"the canary share as well", attempt(Canary, nil), nil, both(InCanary, InCanary), Write, Back, Blue, "in phase canary"},
		{"half flipped goes back", attempt(Flip, nil), nil, both(Flipped, Prepared), Write, Back, Blue, "in phase flip"},
		{"flipped everywhere stays flipped", attempt(Flip, nil), nil, both(Drained, Flipped), Write, Settled, Green, ""},
		{"back is brought to its end", attempt(Back, func(s *State) { s.From, s.Why = Flip, "x" }), nil, both(Serving, Serving), Write, Settled, Blue, "x"},
		{"settled is the end", &State{Active: Green, To: Green, Phase: Settled}, nil, nil, Done, "", "", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			v := View{Service: "web", State: c.state, Lock: c.lock, Acks: c.acks, LoadBalancers: []string{"front-1", "front-2"}}
			checkStep(t, c.state, Orphaned(v, began.Add(time.Second)), c.do, c.phase, c.active, c.why)
		})
	}
}

func checkStep(t *testing.T, before *State, got Step, do Do, phase Phase, active, why string) {
	t.Helper()
	if got.Do != do || !strings.Contains(got.Why, why) {
		t.Fatalf("step = %d %q, want %d %q", got.Do, got.Why, do, why)
	}
	if do != Write {
		return
	}
	if got.Next.Phase != phase || got.Next.Active != active {
		t.Fatalf("next = %+v, want phase %s and active %s", got.Next, phase, active)
	}
	if _, err := ParseState(JSON(got.Next)); err != nil {
		t.Errorf("what is to be written cannot be read: %v", err)
	}
	if phase != Settled {
		return
	}
	if e := Ended(*before, got.Next); (e.Back != "") != (active == before.Active) || e.To != before.To {
		t.Errorf("history = %+v", e)
	}
}
