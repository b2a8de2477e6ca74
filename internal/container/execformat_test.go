package container

import (
	"strings"
	"testing"
)

func TestNotExecutable(t *testing.T) {
	for _, c := range []struct{ image, host, want string }{
		{"arm64", "amd64", "the image is for arm64 and the host is amd64"},
		{"amd64", "amd64", "a script whose first line is not #! and an interpreter"},
		{"", "arm64", "for another processor than the host's, arm64, or a script"},
	} {
		if got := notExecutable(c.image, c.host); !strings.Contains(got, c.want) {
			t.Errorf("an image for %q on %s: %q, want in it %q", c.image, c.host, got, c.want)
		}
	}
}
