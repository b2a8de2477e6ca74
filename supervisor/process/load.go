package process

import (
	"os"
	"runtime"
	"runtime/debug"
)

// CarryLoad is for a process that a site has few of, and through which all requests go. It undoes what KeepSmall saves at their
// expense: all processors are used, and garbage is collected at four times what is held. What an idle process does not use
// is still given back.
func CarryLoad() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.SetDefaultGOMAXPROCS()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
