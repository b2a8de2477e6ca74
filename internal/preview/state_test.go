package preview

import (
	"strings"
	"testing"
	"time"
)

func TestParseState_reads_what_JSON_writes(t *testing.T) {
	want := State{
		Name: "akira", Step: Building, Commit: "6f3a", Since: time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC),
		Routes: map[string][]string{"": {"10.101.0.2:8080"}, "api": {"10.101.0.3:80", "[fd00::1]:80"}},
	}
	got, err := ParseState(want.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.JSON()) != string(want.JSON()) {
		t.Errorf("ParseState(%s) = %s", want.JSON(), got.JSON())
	}
	if !got.Serves() {
		t.Error("a preview that has routes does not serve while it builds")
	}
}

func TestParseState_leaves_out_what_it_does_not_know(t *testing.T) {
	s, err := ParseState([]byte(`{"name":"akira","state":"asleep","routes":{"":["10.0.0.1:80"]},"since":"2026-11-29T23:00:00Z","mood":"good"}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Serves() {
		t.Error("a preview that is asleep serves")
	}
}

func TestParseState_refuses(t *testing.T) {
	for value, want := range map[string]string{
		`{`:                               "unexpected end",
		`{"state":"ready"}`:               "no name",
		`{"name":"akira","state":"lost"}`: `state "lost"`,
		`{"name":"akira","state":"ready","routes":{"a.b":["10.0.0.1:80"]}}`: `route "a.b"`,
		`{"name":"akira","state":"ready","routes":{"API":["10.0.0.1:80"]}}`: `route "API"`,
		`{"name":"akira","state":"ready","routes":{"":[]}}`:                 "no address",
		`{"name":"akira","state":"ready","routes":{"":["web:80"]}}`:         "web",
	} {
		if _, err := ParseState([]byte(value)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseState(%s): %v, want %q", value, err, want)
		}
	}
}

func TestNameOf_is_the_inverse_of_StateKey(t *testing.T) {
	if name, ok := NameOf(StateKey("akira")); !ok || name != "akira" {
		t.Errorf("NameOf(StateKey(akira)) = %q, %v", name, ok)
	}
	for _, key := range []string{StatePrefix, Prefix + "wish/akira", StatePrefix + "a/b"} {
		if name, ok := NameOf(key); ok {
			t.Errorf("NameOf(%s) = %q, want none", key, name)
		}
	}
}

func TestUsedOf_is_the_inverse_of_UsedKey(t *testing.T) {
	if name, host, ok := UsedOf(UsedKey("akira", "node-1")); !ok || name != "akira" || host != "node-1" {
		t.Errorf("UsedOf = %q, %q, %v", name, host, ok)
	}
	for _, key := range []string{UsedPrefix + "akira", UsedPrefix + "/node-1", StateKey("akira")} {
		if name, host, ok := UsedOf(key); ok {
			t.Errorf("UsedOf(%s) = %q, %q, want none", key, name, host)
		}
	}
}
