package mirror

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"rundock/internal/preview/gittest"
)

// measured in the environment has TestMain's process be one that fetches and exports the repository at that address,
// and nothing else: so what it and its children need is that of these alone.
const measured = "RUNDOCK_TEST_MIRROR_OF"

func TestMain(m *testing.M) {
	if url := os.Getenv(measured); url != "" {
		os.Exit(fetchAndExport(url))
	}
	os.Exit(m.Run())
}

func fetchAndExport(url string) int {
	dir, err := os.MkdirTemp("", "mirror")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	f := Folder{Path: filepath.Join(dir, "mirrors")}
	ctx := context.Background()
	commit, err := f.Fetch(ctx, "shop", Source{URL: url}, "main")
	if err == nil {
		_, err = f.Export(ctx, "shop", commit, filepath.Join(dir, "tree"))
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// A repository of 1 GB is one with RUNDOCK_SLOW. The file is of zeros, so that it is soon packed: to git it is as large as any.
func TestFetch_and_Export_of_a_large_repository_need_no_memory(t *testing.T) {
	t.Parallel()
	large := int64(128 << 20)
	if os.Getenv("RUNDOCK_SLOW") != "" {
		large = 1 << 30
	}
	most := func(size int64) int64 {
		t.Helper()
		r := gittest.New(t)
		file, err := os.Create(filepath.Join(r.Dir, "file"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Truncate(size), file.Close()); err != nil {
			t.Fatal(err)
		}
		r.Commit("main", nil)
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), measured+"="+r.HTTP("", ""))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10 // of it, or of one of its children
	}
	small, grown := most(1<<10), most(large)
	t.Logf("measured: %d MiB with a file of 1 KiB, %d MiB with one of %d MiB", small>>20, grown>>20, large>>20)
	if grown > 3*small {
		t.Errorf("with a file of %d MiB it needs %d MiB, and with one of 1 KiB %d MiB", large>>20, grown>>20, small>>20)
	}
}
