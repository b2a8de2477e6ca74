package build

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"time"

	"rundock/internal/stack"
)

// Request is an image to build.
type Request struct {
	Branch *os.Root // a branch's files, or the context alone
	Tree   string   // identifies the files of Build.Context: the same id, the same files
	Build  stack.Build
	Name   string            // of the image, without a tag: registry.example.com:5000/preview/shop/web
	Labels map[string]string // of the image, by which it is found to be removed
	Push   bool              // Name is at an image registry, which is to keep it
	Log    *Log
}

// Limits are what one build may use.
type Limits struct {
	Memory    int64         // bytes of a RUN; 0 is 2 GiB
	CPU       int           // thousandths of a processor; 0 is 2000
	Processes int           // and threads, all together; 0 is 4096
	Time      time.Duration // 0 is 15 minutes
	Context   int64         // bytes of the files that are sent; 0 is 1 GiB
	Free      int64         // bytes of Docker's disk that stay free; 0 is 2 GiB
}

func (l Limits) settled() Limits {
	return Limits{
		Memory: cmp.Or(l.Memory, 2<<30), CPU: cmp.Or(l.CPU, 2000), Processes: cmp.Or(l.Processes, 4096), Time: cmp.Or(l.Time, 15*time.Minute),
		Context: cmp.Or(l.Context, 1<<30), Free: cmp.Or(l.Free, 2<<30),
	}
}

// Tag is of an image what tells apart what it is made of: 32 hexadecimal digits. tree identifies
// the files of the context, dockerfile is the text. The images that it is built on may have
// changed meanwhile: that alone builds nothing.
func Tag(b stack.Build, tree, dockerfile, arch string) string {
	b.NoCache, b.Pull = false, false
	data, err := json.Marshal(struct {
		Tree, Dockerfile, Arch string
		Build                  stack.Build
	}{tree, dockerfile, arch, b})
	if err != nil {
		panic(err) // texts
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}
