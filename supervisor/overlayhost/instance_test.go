package overlayhost

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestInstance_is_one_for_all_agents_until_the_boot(t *testing.T) {
	was := instanceFile
	t.Cleanup(func() { instanceFile = was })
	instanceFile = filepath.Join(t.TempDir(), "overlay", "instance")
	if got, err := ReadInstance(); got != "" || err != nil {
		t.Errorf("before any agent there is %q, %v", got, err)
	}
	var got [8]string
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = MakeInstance(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	again, err := MakeInstance()
	for _, g := range append(got[:], again) {
		if len(g) != 16 || g != got[0] || err != nil {
			t.Errorf("agents have %q and %q, %v", got, again, err)
		}
	}
	left, _ := filepath.Glob(instanceFile + "*")
	if len(left) != 1 {
		t.Errorf("files are %q, want one", left)
	}
	instanceFile += "-of-the-next-boot"
	if next, err := MakeInstance(); next == got[0] || err != nil {
		t.Errorf("after a boot it is %q, %v, and was that before", next, err)
	}
}

// Beside a name of 255 bytes no other file can be made, as on a full file system.
func TestInstance_that_is_there_is_not_written_again(t *testing.T) {
	was := instanceFile
	t.Cleanup(func() { instanceFile = was })
	instanceFile = filepath.Join(t.TempDir(), strings.Repeat("i", 255))
	if err := os.WriteFile(instanceFile, []byte("0123456789abcdef\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := MakeInstance(); got != "0123456789abcdef" || err != nil {
		t.Errorf("MakeInstance = %q, %v", got, err)
	}
}
