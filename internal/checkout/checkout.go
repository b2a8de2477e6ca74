// Package checkout reads what packages are made of: the tracked files of a checkout, the
// version and time of its commit, and the licences of what its programs are linked with.
package checkout

import "time"

// Checkout is a checkout of rundock.
type Checkout struct {
	Root    string
	Tracked []string  // paths in it, with slashes, in any order
	Version string    // a semantic version
	Time    time.Time // of its commit
}

// Architectures are those that programs are built for, as Go calls them.
var Architectures = []string{"amd64", "arm64"}
