// Rundock-stack is what `rundockd stack` becomes. It is a program of its own since
// what reads compose files is as large as all of rundockd, of which a host runs two
// processes a service.
package main

import (
	"os"

	"rundock/supervisor/stacking"
	"rundock/supervisor/verbs"
)

// version is set at link time.
var version = "development"

func main() { os.Exit(verbs.One("rundock-stack", version, stacking.Main, os.Args[1:])) }
