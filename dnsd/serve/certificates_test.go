package serve

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/dnsd/metrics"
	"rundock/dnsd/table"
	"rundock/internal/pki"
)

// A certificate that is replaced is told of as it is by then.
func TestCertificates_are_told_with_their_ends(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	counts := metrics.New("test", table.New("/skydns"))
	counts.Certificates(func() map[string]time.Time { return certificateEnds(dir) })
	told := func() (lines []string) {
		t.Helper()
		w := httptest.NewRecorder()
		counts.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "dnsd_certificate") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return lines
	}
	if got := told(); len(got) > 0 {
		t.Errorf("a host without certificates tells of %q", got)
	}
	for _, now := range []time.Time{time.Now(), time.Now().Add(time.Hour)} {
		a, err := pki.NewAuthority("test", now)
		if err != nil {
			t.Fatal(err)
		}
		write("ca.crt", pki.Bundle(a.Cert))
		write("host.crt", []byte("damaged"))
		write("host.key", nil)
		want := []string{fmt.Sprintf(`dnsd_certificate_end_timestamp_seconds{certificate="ca"} %g`, float64(a.Cert.NotAfter.Unix())), `dnsd_certificate_end_timestamp_seconds{certificate="host"} 0`}
		if got := told(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("told are %q, want %q", got, want)
		}
	}
}
