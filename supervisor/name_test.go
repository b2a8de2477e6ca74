package supervisor

import (
	"fmt"
	"testing"

	"rundock/internal/spec"
)

func TestFiles_refuses_the_names_of_containers_that_come_and_go(t *testing.T) {
	for name, want := range map[string]string{
		"web.new":       "service web.new: its name must not end in .new: web.new is the name of the container that is to take the place of the one of service web",
		"web.check":     "service web.check: its name must not end in .check: web.check is the name of the container that is made on trial for service web",
		"web.new.check": "service web.new.check: its name must not end in .check: web.new.check is the name of the container that is made on trial for service web.new",
		"new":           "<nil>", "check": "<nil>", "web-new": "<nil>", "web.news": "<nil>", "web.new.1": "<nil>",
	} {
		_, err := Files(Service{Name: name, Container: spec.Container{Image: "app"}})
		if got := fmt.Sprint(err); got != want {
			t.Errorf("%s: error = %q, want %q", name, got, want)
		}
	}
}
