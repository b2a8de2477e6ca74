// Previewd is what makes previews of branches: program has its parts. It is a program of
// its own, as rundockd needs nothing of it.
package main

import (
	"os"

	"rundock/internal/hostconfig"
	"rundock/supervisor/previewroute"
	"rundock/supervisor/previewweb"
	"rundock/supervisor/previewwork"
	"rundock/supervisor/verbs"
)

// version is set at link time.
var version = "development"

const (
	byRunsv  = "Started by runsv"
	byPeople = "For people"
	byWork   = "Run by work"
)

var program = verbs.Program{
	Name: "previewd", Version: version,
	About: "previews: branches that run, each at an address of its own",
	More:  "Each says more with --help.",
	Files: []string{hostconfig.StateDir + "/preview/  What its parts keep."},
	Verbs: []verbs.Verb{
		verbs.Of("route", "", byRunsv, "pass requests for previews on to their instances", previewroute.Main),
		verbs.Of("web", "", byRunsv, "serve the page, the API and the hooks by which branches are made previews", previewweb.Main(version)),
		verbs.Of("work", "", byRunsv, "make the previews that the store wishes for, on this host", previewwork.Main),
		verbs.Of("token", "WHO", byPeople, "make a token or a password for the page and the API", previewweb.Token),
		verbs.Of("key", "", byPeople, "print the key that settings of previews are sealed by", previewweb.Key),
		verbs.Plain("module", "rundock|rundock_overlay", byWork, "be a module: a call as JSON on stdin, its result on stdout", module),
	},
}

func main() { os.Exit(program.Main(os.Args[1:])) }
