package control

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
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

// Sum identifies content: 16 hex digits of its SHA-256.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// FileState identifies a file with its mode and owner; "" when it cannot be
// read or is none.
func FileState(path string) string {
	info, err := os.Lstat(path)
	sum := FileSum(path)
	if err != nil || sum == "" || !info.Mode().IsRegular() {
		return ""
	}
	owner := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%04o %d:%d %s", info.Mode().Perm(), owner.Uid, owner.Gid, sum)
}

// FileSum is Sum of a file; "" when it cannot be read.
func FileSum(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return Sum(data)
}
