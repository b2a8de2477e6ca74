package hostinfo

import "testing"

func TestInfo_is_read_as_the_kernel_says_it(t *testing.T) {
	if load, err := loadOf("0.20 1.18 0.12 1/80 11206\n"); err != nil || load != 1.18 {
		t.Errorf("the load is read as %v, %v, want 1.18", load, err)
	}
	for _, text := range []string{"", "1 2", "a b c"} {
		if _, err := loadOf(text); err == nil {
			t.Errorf("loadavg %q is read", text)
		}
	}
	total, available, err := memoryOf("MemTotal:        4028204 kB\nMemFree:          118148 kB\nMemAvailable:    2048000 kB\n")
	if err != nil || total != 4028204<<10 || available != 2048000<<10 {
		t.Errorf("memory is read as %d, %d, %v", total, available, err)
	}
	if _, _, err := memoryOf("MemTotal: x kB\n"); err == nil {
		t.Error("meminfo that says no number is read")
	}
	here, err := Here("m", "v1")
	if err != nil || here.CPUs < 1 || here.Memory < 1 || here.Free > here.Memory || here.Version != "v1" {
		t.Errorf("this host: %+v, %v", here, err)
	}
	if back, err := Parse(here.JSON()); err != nil || back != here {
		t.Errorf("%s is read as %+v, %v", here.JSON(), back, err)
	}
}

func TestDiffers_is_about_what_people_see(t *testing.T) {
	said := Info{ID: "m", Version: "v1", Load: 1, CPUs: 2, Memory: 4000, Free: 2000}
	for name, c := range map[string]struct {
		change func(*Info)
		want   bool
	}{
		"the same": {func(*Info) {}, false}, "a little load": {func(i *Info) { i.Load = 1.15 }, false}, "load": {func(i *Info) { i.Load = 0.7 }, true},
		"a little memory": {func(i *Info) { i.Free -= 390 }, false}, "memory": {func(i *Info) { i.Free -= 410 }, true}, "version": {func(i *Info) { i.Version = "v2" }, true},
	} {
		now := said
		if c.change(&now); now.Differs(said) != c.want {
			t.Errorf("%s: Differs = %v", name, !c.want)
		}
	}
}
