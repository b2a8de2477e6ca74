// Rundock-render is what `rundockd render` becomes. It is a program of its own
// since what templates need, package text/template and sprig, costs each process
// that links it some hundred KB of memory and 6 MB of program, and of rundockd a
// host runs two processes a service.
package main

import (
	"os"

	"rundock/supervisor/renderer"
	"rundock/supervisor/verbs"
)

// version is set at link time.
var version = "development"

func main() { os.Exit(verbs.One("rundock-render", version, renderer.Main, os.Args[1:])) }
