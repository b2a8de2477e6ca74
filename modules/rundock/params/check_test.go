package params

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheckImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0f", 32)
	for _, ok := range []string{"app", "app:1", "app:v1.2-rc_3", "library/app", "registry.s.prod.example.com:5000/influxdb:latest",
		"localhost/app", "Registry.Example.com/team/app:LATEST", "app@" + digest, "r:5000/a/b/c:1@" + digest, "10.0.0.1:5000/a__b/c-d.e", "r:5000/sha256:1", "3f57d9401f8d"} {
		if err := checkImage(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"", " ", "App", "app:", "app:.1", "app:a b", "-app", "app/", "/app", "a//b", "app-", "app@sha256:00", "app@md5:1",
		"$PRIVATE_IP:5000/app", "re_gistry.x/a b", "app;rm", strings.Repeat("x", 3) + ":" + strings.Repeat("t", 129)} {
		if err := checkImage(bad); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("got: %q", bad)) {
			t.Errorf("%q: error = %v, want one that names it", bad, err)
		}
	}
	for _, id := range []string{digest, "sha256:0f0f", digest[7:]} {
		if err := checkImage(id); err == nil || !strings.Contains(err.Error(), "an image's ID is of one host") {
			t.Errorf("%q: error = %v, want one that says that it is an ID", id, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, ok := range []string{"db", "a.b", "Web_1", "9-x", strings.Repeat("n", 200)} {
		if err := checkName(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	// Every byte that Docker refuses, in the first place and in another.
	for b := range 256 {
		c := string([]byte{byte(b)})
		letter := strings.Contains(alphanumeric, c)
		if got := checkName(c+"x") == nil; got != letter {
			t.Errorf("name %q accepted: %v, want %v", c+"x", got, letter)
		}
		if got := checkName("x"+c+"x") == nil; got != (letter || strings.Contains("_.-", c)) {
			t.Errorf("name %q accepted: %v", "x"+c+"x", got)
		}
	}
	for _, bad := range []string{"", "x", strings.Repeat("n", 201), "a/b", "..", "a\n"} {
		if checkName(bad) == nil {
			t.Errorf("name %q is accepted", bad)
		}
	}
	if err := (Params{Name: "web.new", State: "absent"}).check(); err != nil {
		t.Errorf("a service that is there with a name that is refused now cannot be removed: %v", err)
	}
	for name, want := range map[string]bool{"web-1": true, "9a": true, "Web": false, "a.b": false, "a_b": false, "a-": false, strings.Repeat("n", 63): true, strings.Repeat("n", 64): false} {
		if got := checkLabel(name) == nil; got != want {
			t.Errorf("label %q accepted: %v, want %v", name, got, want)
		}
	}
}
