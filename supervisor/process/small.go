package process

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// KeepSmall has a process that every service runs once or twice, and every
// network once, make do with one processor, collect its garbage at a quarter of
// what it holds, where Go would wait for 4 MB, and give back what it does not
// use. What that saves is seen by TestBenchMemory.
func KeepSmall() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	go func() {
		for wait := 5 * time.Second; ; wait = 30 * time.Second { // the start leaves most behind
			time.Sleep(wait)
			debug.FreeOSMemory()
		}
	}()
}
