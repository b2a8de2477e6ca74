package serve

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/pki"
)

// certificateEnds are those of the certificates in dir, NAME.crt, by name: of ca.crt
// the one that signs. Zero is of one that cannot be read.
func certificateEnds(dir string) map[string]time.Time {
	ends := map[string]time.Time{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.crt"))
	for _, file := range files {
		var end time.Time
		data, err := os.ReadFile(file)
		if err == nil {
			if certs, err := pki.ParseCertificates(data); err == nil {
				end = certs[0].NotAfter
			}
		}
		ends[strings.TrimSuffix(filepath.Base(file), ".crt")] = end
	}
	return ends
}
