package overlayhost

import (
	"path/filepath"
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
