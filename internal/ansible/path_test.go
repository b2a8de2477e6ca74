package ansible

import (
	"os"
	"testing"
)

// With HOME set, paths are compared with Ansible's in TestReadsAsAnsibleDoes.
func TestPathWithoutHomeIsTheUsersOwn(t *testing.T) {
	t.Setenv("HOME", "")
	if err := os.Unsetenv("HOME"); err != nil {
		t.Fatal(err)
	}
	want, ok := homeOf("")
	if !ok {
		t.Skip("this user is in no user database")
	}
	if got := expandUser("~/x"); got != want+"/x" {
		t.Errorf("expandUser(~/x) = %s, want %s/x", got, want)
	}
	t.Setenv("HOME", "/")
	for _, c := range []struct{ path, want string }{{"~", "/"}, {"~/x", "/x"}, {"~/", "/"}} {
		if got := expandUser(c.path); got != c.want {
			t.Errorf("expandUser(%s) with HOME=/ = %s, want %s", c.path, got, c.want)
		}
	}
}
