package stack

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSlot_is_a_key_of_JSON(t *testing.T) {
	want := map[Slot]Place{{"web", 2}: {Host: "node-1"}, {"web.old", 10}: {Host: "node-2", Standby: "node-1", Volumes: []string{"shop_data"}}}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if text := `{"web.2":{"host":"node-1"},"web.old.10":{"host":"node-2","standby":"node-1","volumes":["shop_data"]}}`; string(data) != text {
		t.Errorf("slots = %s, want %s", data, text)
	}
	var got map[Slot]Place
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back: %v, %v", got, err)
	}
}

func TestParseSlot_refuses_what_is_none(t *testing.T) {
	for _, text := range []string{"", "web", ".1", "web.", "web.0", "web.-1", "web.01", "web.x"} {
		if _, err := ParseSlot(text); err == nil || !strings.Contains(err.Error(), "want a service and a number, as web.2") {
			t.Errorf("ParseSlot(%q): error is %v", text, err)
		}
	}
}

func TestSlot_sorts_by_number(t *testing.T) {
	got := []Slot{{"web", 10}, {"db", 1}, {"web", 9}}
	slices.SortFunc(got, Slot.Compare)
	if want := []Slot{{"db", 1}, {"web", 9}, {"web", 10}}; !reflect.DeepEqual(got, want) {
		t.Errorf("sorted = %v, want %v", got, want)
	}
}

func TestNoStandby(t *testing.T) {
	s := Stack{
		Services: map[string]Service{
			"web": {Reschedule: true}, "plain": {}, "job": {Reschedule: true, Job: true}, "global": {Reschedule: true, Global: true},
			"db": {Reschedule: true, Volumes: []string{"data"}}, "files": {Reschedule: true, Volumes: []string{"nfs"}},
			"owner": {Reschedule: true}, "joins": {Reschedule: true, Pod: Pod{Network: "owner"}},
		},
		Volumes: map[string]Volume{"data": {Name: "shop_data"}, "nfs": {Name: "shop_nfs", Shared: true}},
	}
	for service, want := range map[string]string{
		"web": "", "files": "", "plain": "it is not rescheduled", "job": "it is a job", "global": "each host has one",
		"db": "its volume is on its host alone", "owner": "it is in a pod", "joins": "it is in a pod",
	} {
		if got := s.NoStandby(service); got != want {
			t.Errorf("%s has no standby as %q, want %q", service, got, want)
		}
	}
}
