package process

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestCarryLoad_undoes_what_KeepSmall_saves(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	t.Setenv("GOGC", "")
	processors, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(25) // as KeepSmall does
	t.Cleanup(func() { runtime.GOMAXPROCS(processors); debug.SetGCPercent(percent) })
	CarryLoad()
	if got := runtime.GOMAXPROCS(0); got != processors {
		t.Errorf("it uses %d processors, want %d", got, processors)
	}
	if got := debug.SetGCPercent(25); got != 400 {
		t.Errorf("garbage is collected at %d %% of what is held, want 400", got)
	}
}

func TestCarryLoad_leaves_what_the_environment_says(t *testing.T) {
	t.Setenv("GOMAXPROCS", "1")
	t.Setenv("GOGC", "25")
	processors, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(25)
	t.Cleanup(func() { runtime.GOMAXPROCS(processors); debug.SetGCPercent(percent) })
	CarryLoad()
	if procs, gc := runtime.GOMAXPROCS(0), debug.SetGCPercent(25); procs != 1 || gc != 25 {
		t.Errorf("it uses %d processors, and collects at %d %%, want 1 and 25", procs, gc)
	}
}
