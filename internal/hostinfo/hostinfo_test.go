package hostinfo

import "testing"

func TestInfo_is_read_as_the_kernel_says_it(t *testing.T) {
	var i Info
	err := i.read("0.20 1.18 0.12 1/80 11206\n", "MemTotal:        4028204 kB\nMemFree:          118148 kB\nMemAvailable:    2048000 kB\n")
	if want := (Info{Load: 1.18, Memory: 3933, Free: 2000}); err != nil || i != want {
		t.Errorf("%+v, %v, want %+v", i, err, want)
	}
	for _, load := range []string{"", "1 2", "a b c"} {
		if i.read(load, "") == nil {
			t.Errorf("loadavg %q is read", load)
		}
	}
	if i.read("1 2 3", "MemTotal: x kB\n") == nil {
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
