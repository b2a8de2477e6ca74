package moduletest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Budget fails for a module that is large or links a network client: in the
// worst case it is copied to the host in every task.
func Budget(t *testing.T) {
	t.Run("links no network client and nothing of tests", func(t *testing.T) {
		out, err := exec.Command("go", "list", "-deps", ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, "rundock/internal/fstree") {
			t.Fatalf("go list -deps says nothing of this module: %s", out)
		}
		for _, d := range deps {
			for _, refused := range []string{"net/http", "crypto/tls", "testing", "google.golang.org/grpc", "google.golang.org/protobuf", "go.etcd.io", "github.com/docker/docker", "github.com/docker/cli", "github.com/compose-spec", "rundock/internal/container", "rundock/internal/registry", "rundock/internal/moduletest"} {
				if d == refused || strings.HasPrefix(d, refused+"/") {
					t.Errorf("links %s", d)
				}
			}
		}
	})
	t.Run("has at most 4 MB, stripped", func(t *testing.T) {
		for _, arch := range []string{"amd64", "arm64"} {
			path := filepath.Join(t.TempDir(), arch)
			must(t, compile(path, arch, "."))
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if limit := int64(4_000_000); info.Size() > limit {
				t.Errorf("%s: %d bytes, want at most %d", arch, info.Size(), limit)
			}
			t.Logf("%s: %d bytes", arch, info.Size())
		}
	})
}

// compile compiles programs as modules are shipped: static, stripped, and with
// what the Makefile calls SMALL. They go to a file or, with a slash at its
// end, to a folder.
func compile(to, arch string, packages ...string) error {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		return err
	}
	_, small, _ := strings.Cut(string(makefile), "\nSMALL = ")
	small, _, ok := strings.Cut(small, "\n")
	if !ok {
		return errors.New("the Makefile does not say what SMALL is")
	}
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}, strings.Fields(small)...)
	cmd := exec.Command("go", append(append(args, "-o", to), packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %q: %w\n%s", packages, err, out)
	}
	return nil
}
