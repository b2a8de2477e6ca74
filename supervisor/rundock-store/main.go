// Rundock-store is what `rundockd store` becomes. It is a program of its own since
// the clients of etcd and Consul cost each process that links them a third of its
// memory, and of rundockd a host runs two processes a service.
package main

import (
	"os"

	"rundock/supervisor/storeagent"
	"rundock/supervisor/verbs"
)

// version is set at link time.
var version = "development"

func main() { os.Exit(verbs.One("rundock-store", version, storeagent.Main(version), os.Args[1:])) }
