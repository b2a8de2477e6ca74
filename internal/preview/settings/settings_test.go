package settings

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var key = bytes.Repeat([]byte("k"), KeyBytes)

func public(t *testing.T) Public {
	t.Helper()
	p, err := PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func put(t *testing.T, s Set, scope Scope, name, value string) Set {
	t.Helper()
	after, err := s.Put(public(t), scope, name, value)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

func TestOpen_has_a_preview_s_own_before_those_of_its_repository_and_all(t *testing.T) {
	a := All{Repo: "shop", Preview: "akira"}
	for _, name := range []string{"A", "B", "C"} {
		a.Global = put(t, a.Global, Global, name, "global")
	}
	for _, name := range []string{"B", "C"} {
		a.OfRepo = put(t, a.OfRepo, OfRepo("shop"), name, "repo")
	}
	a.OfPreview = put(t, a.OfPreview, OfPreview("akira"), "C", "preview")
	env, err := a.Open(key)
	if want := map[string]string{"A": "global", "B": "repo", "C": "preview"}; err != nil || !maps.Equal(env, want) {
		t.Errorf("Open = %v, %v, want %v", env, err, want)
	}
	if a.Revision() != "3.2.1" {
		t.Errorf("Revision = %s", a.Revision())
	}
	a.OfPreview = a.OfPreview.Drop("C").Drop("none")
	if env, err = a.Open(key); err != nil || env["C"] != "repo" || a.Revision() != "3.2.2" {
		t.Errorf("without the preview's own: %v, %v, revision %s", env, err, a.Revision())
	}
}

func TestSet_shows_no_value_and_lends_none_to_others(t *testing.T) {
	s := put(t, Set{}, OfPreview("akira"), "TOKEN", "swordfish")
	again, err := Parse(s.JSON())
	if err != nil || !slices.Equal(again.Names(), []string{"TOKEN"}) || again.Revision != 1 {
		t.Fatalf("Parse = %+v, %v", again, err)
	}
	if shown := string(s.JSON()) + fmt.Sprintf("%+v %#v", s, s); strings.Contains(shown, "swordfish") {
		t.Errorf("the value is in %s", shown)
	}
	for claim, a := range map[string]All{
		"another preview": {Preview: "other", OfPreview: s},
		"a repository":    {Repo: "akira", OfRepo: s},
		"all":             {Global: s},
		"another name":    {Preview: "akira", OfPreview: Set{1, map[string][]byte{"OTHER": s.Values["TOKEN"]}}},
	} {
		if env, err := a.Open(key); err == nil || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%s opens it: %v, %v", claim, env, err)
		}
	}
	if _, err := (All{Preview: "akira", OfPreview: s}).Open(bytes.Repeat([]byte("x"), KeyBytes)); err == nil {
		t.Error("another key opens it")
	}
	if twice := put(t, s, OfPreview("akira"), "TOKEN", "swordfish"); bytes.Equal(twice.Values["TOKEN"], s.Values["TOKEN"]) || twice.Revision != 2 {
		t.Error("the same value is seen to be the same")
	}
}

func TestPut_refuses(t *testing.T) {
	full := Set{Values: map[string][]byte{}}
	for i := range namesAtMost {
		full.Values[fmt.Sprint("V", i)] = nil
	}
	for claim, c := range map[string]struct {
		s           Set
		name, value string
	}{
		"no name":             {Set{}, "", "secret"},
		"a name with =":       {Set{}, "A=B", "secret"},
		"a digit first":       {Set{}, "1A", "secret"},
		"what is rundock's":   {Set{}, "PREVIEW_URL", "secret"},
		"too long a value":    {Set{}, "A", strings.Repeat("secret", valueAtMost)},
		"a zero byte":         {Set{}, "A", "secret\x00"},
		"one more than many":  {full, "A", "secret"},
		"a name that is long": {Set{}, strings.Repeat("A", 129), "secret"},
	} {
		after, err := c.s.Put(public(t), Global, c.name, c.value)
		if err == nil || strings.Contains(err.Error(), "secret") || after.Revision != 0 {
			t.Errorf("%s: %+v, %v", claim, after, err)
		}
	}
	if _, err := (Set{}).Put(Public{}, Global, "A", "secret"); err == nil || strings.Contains(err.Error(), "secret\"") {
		t.Errorf("no key: %v", err)
	}
	if _, err := (All{}).Open(key[:5]); err == nil || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("half a key: %v", err)
	}
}

func TestPublic_is_read_as_it_is_written_and_opens_nothing(t *testing.T) {
	p, err := ParsePublic(public(t).String() + "\n")
	if err != nil || p.String() != public(t).String() {
		t.Fatalf("ParsePublic = %s, %v", p, err)
	}
	s, err := Set{}.Put(p, OfPreview("akira"), "TOKEN", "swordfish")
	if err != nil {
		t.Fatal(err)
	}
	if env, err := (All{Preview: "akira", OfPreview: s}).Open(key); err != nil || env["TOKEN"] != "swordfish" {
		t.Errorf("the site's key opens %v, %v", env, err)
	}
	half, err := base64.StdEncoding.DecodeString(p.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (All{Preview: "akira", OfPreview: s}).Open(half); err == nil {
		t.Error("the public half opens it")
	}
	for _, text := range []string{"", "key", "a2V5"} {
		if _, err := ParsePublic(text); err == nil {
			t.Errorf("%q is taken for a public key", text)
		}
	}
}

func TestKey(t *testing.T) {
	for scope, want := range map[Scope]string{
		Global: "/rundock/v1/preview/env/global", OfRepo("shop"): "/rundock/v1/preview/env/repo/shop", OfPreview("akira"): "/rundock/v1/preview/env/preview/akira",
	} {
		if got := scope.Key(); got != want {
			t.Errorf("Key = %s, want %s", got, want)
		}
	}
	if _, err := Parse([]byte(`{"revision":1,"mood":2}`)); err == nil {
		t.Error("a field that there is not is taken")
	}
	if s, err := Parse(nil); err != nil || s.Revision != 0 {
		t.Errorf("of no key: %+v, %v", s, err)
	}
}

func TestReadKey_wants_a_whole_key(t *testing.T) {
	file := filepath.Join(t.TempDir(), "preview.key")
	if _, err := ReadKey(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	for size, whole := range map[int]bool{KeyBytes: true, KeyBytes - 1: false, 0: false} {
		if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, err := ReadKey(file); (err == nil) != whole || whole && len(key) != size {
			t.Errorf("of %d bytes: %v", size, err)
		}
	}
}
