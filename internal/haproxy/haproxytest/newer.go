package haproxytest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// newer is where make puts HAProxy of a newer Debian for tests.
const newer = "/var/cache/rundock-lab/tools/haproxy-trixie"

// Newer has the rest of the test run with HAProxy 3 of a newer Debian, and skips it
// where there is none.
func Newer(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(newer + "/haproxy"); err != nil {
		t.Skipf("no newer HAProxy to test with (.ci/haproxy fetches it): %v", err)
	}
	t.Setenv("PATH", newer+":"+os.Getenv("PATH"))
	version, err := exec.CommandContext(t.Context(), "haproxy", "-v").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(version), "HAProxy version 3.") {
		t.Fatalf("%s: %v\n%s", newer, err, version)
	}
}
