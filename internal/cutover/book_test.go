package cutover

import (
	"reflect"
	"strings"
	"testing"

	"rundock/internal/registry"
)

func TestBook(t *testing.T) {
	b := NewBook()
	state := JSON(First(Blue, began))
	b.Apply(LoadBalancersPrefix, registry.Batch{Complete: true, Changes: []registry.Change{
		{Key: LoadBalancerKey("front-2"), Value: JSON(LoadBalancer{"m2/balance", []string{"web"}})},
		{Key: LoadBalancerKey("front-1"), Value: JSON(LoadBalancer{"m1/balance", []string{"shop", "web"}})},
	}})
	b.Apply(Prefix, registry.Batch{Complete: true, Changes: []registry.Change{
		{Key: Key("web"), Value: state},
		{Key: AckKey("web", "front-1"), Value: JSON(ack(Serving))},
		{Key: AckKey("web", "front-2"), Value: []byte(`{"id":"m2","reached":"asleep"}`)},
		{Key: HistoryKey("web", began), Value: []byte(`anything`)},
		{Key: LockKey("web"), Value: JSON(Lock{ID: "a1", Who: "ada"})},
	}})

	v := b.View("web")
	if v.State == nil || v.State.Active != Blue || string(v.Raw) != string(state) || v.Lock == nil || v.Lock.Who != "ada" {
		t.Errorf("view = %+v", v)
	}
	if want := []string{"front-1", "front-2"}; !reflect.DeepEqual(v.LoadBalancers, want) || len(v.Acks) != 1 || v.Down() != "front-2" {
		t.Errorf("load balancers = %v, acks = %v, down = %s", v.LoadBalancers, v.Acks, v.Down())
	}
	if f := b.Faults(); len(f) != 1 || !strings.Contains(f[0].Error(), `/acks/front-2: acknowledgement: reached "asleep"`) {
		t.Errorf("faults = %v", f)
	}
	if v := b.View("shop"); v.State != nil || len(v.LoadBalancers) != 1 {
		t.Errorf("view of shop = %+v", v)
	}

	b.Apply(Prefix, registry.Batch{Changes: []registry.Change{{Key: LockKey("web")}, {Key: AckKey("web", "front-2")}}})
	if v := b.View("web"); v.Lock != nil || len(b.Faults()) != 0 {
		t.Errorf("after the deletions: view = %+v, faults = %v", v, b.Faults())
	}
	b.Apply(Prefix, registry.Batch{Complete: true})
	if v := b.View("web"); v.State != nil || len(v.Acks) != 0 || len(v.LoadBalancers) != 2 || len(b.Services()) != 0 {
		t.Errorf("after an empty list: view = %+v", v)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ claim, value, err string }{
		{"an unknown field is refused", `{"active":"blue","to":"blue","phase":"settled","since":"2026-03-01T12:00:00Z","x":1}`, `unknown field "x"`},
		{"a second value is refused", `{"active":"blue","to":"blue","phase":"settled","since":"2026-03-01T12:00:00Z"} {}`, "more than one JSON value"},
		{"another colour is refused", `{"active":"blue","to":"red","phase":"flip","attempt":"a","since":"2026-03-01T12:00:00Z"}`, `to "red": want blue or green`},
		{"another phase is refused", `{"active":"blue","to":"blue","phase":"done","since":"2026-03-01T12:00:00Z"}`, `phase "done"`},
		{"settled is at one colour", `{"active":"blue","to":"green","phase":"settled","since":"2026-03-01T12:00:00Z"}`, "active is blue while to is green"},
		{"a phase is of an attempt", `{"active":"blue","to":"green","phase":"flip","since":"2026-03-01T12:00:00Z"}`, "phase flip without attempt"},
		{"a share is one", `{"active":"blue","to":"green","phase":"flip","attempt":"a","since":"2026-03-01T12:00:00Z","canary_percent":101}`, "canary_percent 101 is not between 0 and 100"},
		{"a time is not negative", `{"active":"blue","to":"green","phase":"flip","attempt":"a","since":"2026-03-01T12:00:00Z","drain":-1}`, "drain -1 is less than 0"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if _, err := ParseState([]byte(c.value)); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("error = %v, want %s", err, c.err)
			}
		})
	}
}
