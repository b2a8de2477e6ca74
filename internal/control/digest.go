package control

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// What runner and sidecar read at their start, in their folders: the files
// of Digest in their status.
var (
	RunnerReads  = []string{"run", "service.json"}
	SidecarReads = []string{"run", "announce.json"}
)

// Digest identifies what is in the files of dir now: 16 hex digits of a
// SHA-256. It is "" when one cannot be read.
//
// A process takes it before it reads the files: where they are replaced in
// between it knows the new ones under the old digest, which costs a
// needless start and never hides a needed one.
func Digest(dir string, files []string) string {
	all := sha256.New()
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return ""
		}
		one := sha256.Sum256(data)
		all.Write(one[:])
	}
	return hex.EncodeToString(all.Sum(nil)[:8])
}
