package release

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse_reads_what_JSON_wrote(t *testing.T) {
	want := release(t, 7, 6, services{"web": service("web:1", 2), "db": service("db:1", 1, volume("data"))}, "web.1=a web.2=b+c db.1=a:shop_data", func(r *Release) {
		r.Networks = map[string]Network{"back": {Subnet: "10.42.7.0/24", VNI: 4207}}
		r.Secrets = map[string][]byte{"password": {1, 2, 3}}
		r.Lost = []string{"d"}
	})
	data, err := want.JSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse(%s) = %+v, %v", data, got, err)
	}
}

func TestParse_refuses(t *testing.T) {
	good, err := release(t, 7, 6, services{"web": service("web:1", 1)}, "web.1=a").JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ claim, old, new, want string }{
		{"an unknown field", `"state"`, `"x":1,"state"`, `unknown field "x"`},
		{"another version", `{"version":1,"release"`, `{"version":2,"release"`, "version is 2, this rundockd reads 1"},
		{"another version of the model", `"model":{"version":1`, `"model":{"version":3`, "version of the model is 3, this rundockd reads 1"},
		{"another state", `"rolling"`, `"asleep"`, `state "asleep": want planned`},
		{"a release from a later one", `"from":6`, `"from":7`, "release 7 from 7"},
		{"a slot that is none", `"web.1"`, `"web.one"`, `slot "web.one": want a service and a number`},
		{"a slot on no host", `"host":"a"`, `"host":""`, "slot web.1 without host"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if _, err := Parse(bytes.Replace(good, []byte(c.old), []byte(c.new), 1)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}

func TestRelease_is_no_larger_than_the_store_takes(t *testing.T) {
	r := release(t, 7, 6, services{"web": service("web:1", 1, env("TEXT", strings.Repeat("x", MostBytes)))}, "web.1=a")
	r.State = Planned
	if _, err := r.JSON(); err == nil || !strings.Contains(err.Error(), "release 7 of shop is ") || !strings.Contains(err.Error(), "1048576 are the most: 1049004 are its model and 4 its secrets") {
		t.Errorf("error = %v", err)
	}
}

// What could be planned can be failed as well, however much there is to say of it.
func TestRelease_that_was_planned_can_fail(t *testing.T) {
	r := release(t, 7, 6, services{"web": service("web:1", 1, env("TEXT", ""))}, "web.1=a")
	r.State = Planned
	r.Model.Services["web"].Container.Env["TEXT"] = strings.Repeat("x", MostBytes-len(encode(r)))
	if data, err := r.JSON(); err != nil || len(data) != MostBytes {
		t.Fatal(len(data), err)
	}
	var err error
	for _, s := range []State{Rolling, Failed} {
		if r, err = r.Enter(s, strings.Repeat("y", MostBytes), began); err != nil {
			t.Fatal(err)
		}
	}
	r.Begun = 100
	if _, err := r.JSON(); err != nil {
		t.Error(err)
	}
}

func TestEnter(t *testing.T) {
	r := release(t, 7, 6, services{"web": service("web:1", 1)}, "web.1=a")
	failed, err := r.Enter(Failed, "web.1 never healthy", began.Add(time.Minute))
	if err != nil || failed.State != Failed || failed.Why != "web.1 never healthy" || failed.Since != began.Add(time.Minute) {
		t.Errorf("failed = %+v, %v", failed, err)
	}
	if _, err := failed.Enter(Current, "", began); err == nil || err.Error() != "release 7 of shop is failed, and cannot become current" {
		t.Errorf("error = %v", err)
	}
}

func TestGoBack(t *testing.T) {
	old := release(t, 6, 5, services{"web": service("web:1", 1), "migrate": service("db:1", 1, job)}, "web.1=a migrate.1=a")
	old.State, old.Done, old.Begun, old.Why = Past, true, 9, "x"
	back := GoBack(old, 9, 8, "bob", began)
	if back.Number != 9 || back.From != 8 || back.State != Planned || back.Done || back.Begun != 0 || back.Why != "" || back.Who != "bob" {
		t.Errorf("back = %+v", back)
	}
	if !reflect.DeepEqual(back.Model, old.Model) || !reflect.DeepEqual(back.Images, old.Images) || !reflect.DeepEqual(back.Slots, old.Slots) {
		t.Error("it is not what release 6 was")
	}
	eight := release(t, 8, 7, services{"web": service("web:2", 1), "migrate": service("db:2", 1, job)}, "web.1=a migrate.1=a")
	if got := strings.Join(Lines(&eight, back, nil), "\n"); !strings.Contains(got, "migrate.1 a kept: a job, which is not run to go back") || !strings.Contains(got, "web.1 a replaced: image web:2 -> web:1") {
		t.Errorf("lines:\n%s", got)
	}
}

func TestSeal(t *testing.T) {
	key := []byte(strings.Repeat("k", KeyBytes))
	sealed, err := Seal(key, "shop", "password", []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Seal(key, "shop", "password", []byte("correct horse")); bytes.Equal(again, sealed) || bytes.Contains(sealed, []byte("horse")) {
		t.Error("what is sealed tells of the value")
	}
	if value, err := Open(key, "shop", "password", sealed); err != nil || string(value) != "correct horse" {
		t.Errorf("Open = %q, %v", value, err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for _, c := range []struct {
		claim       string
		key         []byte
		stack, name string
		sealed      []byte
		want        string
	}{
		{"another key", []byte(strings.Repeat("l", KeyBytes)), "shop", "password", sealed, "open secret password of shop: it was sealed by another key, or changed"},
		{"another stack's", key, "blog", "password", sealed, "open secret password of blog: it was sealed"},
		{"another name's", key, "shop", "token", sealed, "open secret token of shop: it was sealed"},
		{"changed", key, "shop", "password", changed, "it was sealed by another key, or changed"},
		{"cut off", key, "shop", "password", sealed[:5], "it was sealed by another key, or changed"},
		{"nothing", key, "shop", "password", nil, "it was sealed by another key, or changed"},
		{"a short key", key[:16], "shop", "password", sealed, "the key has 16 bytes, want 32"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if value, err := Open(c.key, c.stack, c.name, c.sealed); value != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open = %q, %v, want %s", value, err, c.want)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	for key, want := range map[string]kind{
		Key("shop", 12): kindRelease, CurrentKey("shop"): kindCurrent, LockKey("shop"): kindLock, BlobKey("shop", "abc"): kindBlob,
		Key("blog", 12): kindOther, StackPrefix("shop") + "releases/x": kindOther, StackPrefix("shop") + "releases/0": kindOther, StackPrefix("shop") + "new": kindOther,
	} {
		k, number, hash := split("shop", key)
		if k != want || k == kindRelease && number != 12 || k == kindBlob && hash != "abc" {
			t.Errorf("split(%s) = %d, %d, %q", key, k, number, hash)
		}
	}
}
