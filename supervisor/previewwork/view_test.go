package previewwork

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
)

// following is a view of a store that has these keys.
func following(t *testing.T, keys map[string]any) *view {
	t.Helper()
	v := newView(slog.New(slog.DiscardHandler), newMetrics().follows)
	v.apply(registry.Batch{Complete: true, Changes: changes(t, keys)})
	return v
}

func changes(t *testing.T, keys map[string]any) (all []registry.Change) {
	t.Helper()
	for key, value := range keys {
		c := registry.Change{Key: key}
		if value != nil {
			var err error
			if c.Value, err = json.Marshal(value); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, c)
	}
	return all
}

func TestView_knows_of_a_preview_what_is_next(t *testing.T) {
	wish := preview.Wish{Name: "akira", Repo: "shop", Branch: "akira", Commit: "c1", Want: preview.Running, Asked: noon}
	v := following(t, map[string]any{
		ledger.NamesKey: map[string]any{}, ledger.WishPrefix + "akira": wish, preview.StateKey("akira"): preview.State{Name: "akira", Step: preview.Ready, Host: "a", Since: noon},
		preview.UsedKey("akira", "f"): preview.Used{At: noon.Add(time.Hour)}, preview.UsedKey("akira", "g"): preview.Used{At: noon},
		settings.OfRepo("shop").Key(): settings.Set{Revision: 3}, settings.OfPreview("other").Key(): settings.Set{Revision: 9},
	})
	s := v.now(noon)
	f := s.facts["akira"]
	if !s.known || !s.begun || f.Wish != wish || f.Settings != "0.3.0" || f.Step != preview.Ready || !f.Used.Equal(noon.Add(time.Hour)) || f.Open {
		t.Errorf("it knows %+v, %+v", s, f)
	}
	v.apply(registry.Batch{Changes: changes(t, map[string]any{preview.WakeKey("akira"): preview.WakeUp{At: noon.Add(-time.Hour)}})})
	later := noon.Add(2 * time.Hour)
	if f := v.now(later).facts["akira"]; !f.Used.Equal(noon.Add(time.Hour)) || f.Open {
		t.Errorf("a wish to wake it that comes late, as it is awake: %+v", f)
	}
	v.apply(registry.Batch{Changes: changes(t, map[string]any{preview.StateKey("akira"): preview.State{Name: "akira", Step: preview.Asleep, Host: "a", Since: noon}})})
	if f := v.now(later).facts["akira"]; !f.Used.Equal(later) || !f.Open {
		t.Errorf("a wish to wake it, by a clock that is behind: %+v", f)
	}
	v.apply(registry.Batch{Changes: changes(t, map[string]any{ledger.WishPrefix + "akira": nil})})
	if s := v.now(noon); len(s.wishes) != 0 || len(s.states) != 1 {
		t.Errorf("after its wish has gone: %+v", s)
	}
}

func TestView_takes_a_use_for_one_of_now_whatever_the_router_s_clock_says(t *testing.T) {
	v := following(t, map[string]any{
		ledger.WishPrefix + "akira": preview.Wish{Name: "akira", Want: preview.Running}, preview.UsedKey("akira", "f"): preview.Used{At: noon},
	})
	used := func(b registry.Batch) time.Time {
		t.Helper()
		v.apply(b)
		return v.now(noon).facts["akira"].Used
	}
	said := func(at time.Time) []registry.Change {
		return changes(t, map[string]any{ledger.WishPrefix + "akira": preview.Wish{Name: "akira", Want: preview.Running}, preview.UsedKey("akira", "f"): preview.Used{At: at}})
	}
	if at := used(registry.Batch{}); !at.Equal(noon) {
		t.Errorf("of one that was there before the worker was, it is used at %s", at)
	}
	for claim, clock := range map[string]time.Duration{"an hour behind": -time.Hour, "an hour ahead": time.Hour} {
		before := time.Now()
		at := used(registry.Batch{Changes: said(before.Add(clock))})
		if at.Before(before) || at.After(time.Now()) {
			t.Errorf("by a clock %s it is used at %s, want now, %s", claim, at, before)
		}
		if again := used(registry.Batch{Complete: true, Changes: said(before.Add(clock))}); !again.Equal(at) {
			t.Errorf("by a clock %s, and told again, it is used at %s, want as before, %s", claim, again, at)
		}
		v.apply(registry.Batch{Changes: said(noon)})
	}
}

func TestView_keeps_what_was_there_of_a_value_that_cannot_be_read(t *testing.T) {
	key := preview.StateKey("akira")
	keys := map[string]any{key: preview.State{Name: "akira", Step: preview.Ready, Host: "a"}}
	for claim, b := range map[string]registry.Batch{
		"a change":         {Changes: []registry.Change{{Key: key, Value: []byte("{")}}},
		"a complete batch": {Complete: true, Changes: []registry.Change{{Key: key, Value: []byte("{")}}},
	} {
		v := following(t, keys)
		if v.apply(b); v.now(noon).states["akira"].Host != "a" {
			t.Errorf("%s: it is %+v", claim, v.now(noon).states)
		}
	}
}

func TestView_notes_since_when_a_host_is_away(t *testing.T) {
	v := following(t, map[string]any{preview.StateKey("akira"): preview.State{Name: "akira", Step: preview.Ready, Host: "a"}, preview.WorkerKey("a"): preview.Worker{Host: "a"}})
	if s := v.now(noon); len(s.gone) != 0 {
		t.Errorf("of one that is there: %v", s.gone)
	}
	v.apply(registry.Batch{Changes: changes(t, map[string]any{preview.WorkerKey("a"): nil})})
	v.now(noon)
	if since := v.now(noon.Add(time.Hour)).gone["a"]; !since.Equal(noon) {
		t.Errorf("it is away since %s", since)
	}
	v.apply(registry.Batch{Changes: changes(t, map[string]any{preview.WorkerKey("a"): preview.Worker{Host: "a"}})})
	v.now(noon)
	v.apply(registry.Batch{Changes: changes(t, map[string]any{preview.WorkerKey("a"): nil})})
	if since := v.now(noon.Add(2 * time.Hour)).gone["a"]; !since.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("after it was back it is away since %s", since)
	}
}

func TestView_of_a_store_that_is_new_or_away_knows_nothing(t *testing.T) {
	v := newView(slog.New(slog.DiscardHandler), newMetrics().follows)
	if v.now(noon).known {
		t.Error("it knows before it has read the store")
	}
	v = following(t, nil)
	if s := v.now(noon); !s.known || s.begun {
		t.Errorf("of a new store: %+v", s)
	}
	if v.health(registry.ErrHeld); v.now(noon).known {
		t.Error("it knows while the store is away")
	}
}

// The page writes wishes, and is not root; names of previews become paths of folders that this worker makes and removes.
func TestView_takes_no_wish_of_another_name_or_of_one_that_no_preview_can_have(t *testing.T) {
	wish := func(name string) preview.Wish {
		return preview.Wish{Name: name, Repo: "shop", Branch: "main", Commit: "c1", Want: preview.Running, Asked: noon}
	}
	v := following(t, map[string]any{
		ledger.NamesKey: map[string]any{}, ledger.WishPrefix + "akira": wish("akira"), ledger.WishPrefix + "etc": wish("../../etc"),
		ledger.WishPrefix + "../../etc": wish("../../etc"), ledger.WishPrefix + "..": wish(".."), ledger.WishPrefix + "other": wish("shop"), ledger.WishPrefix + "x/kei": wish("kei"),
	})
	v.apply(registry.Batch{Changes: changes(t, map[string]any{ledger.WishPrefix + "akira": wish("../akira")})})
	w := &worker{choice: choice{"a", 50, takeover}, jobs: map[string]*job{}, retries: map[string]retry{}, wanted: map[string]time.Time{}}
	for _, one := range w.due(v.now(noon), noon.Add(time.Hour)) {
		if one.facts.Wish != wish("akira") {
			t.Errorf("it begins to %s %q", one.deed, one.facts.Wish.Name)
		}
	}
	if got := v.now(noon).wishes; len(got) != 1 || got["akira"] != wish("akira") {
		t.Errorf("it knows of %v, want akira's wish as it was", got)
	}
}
