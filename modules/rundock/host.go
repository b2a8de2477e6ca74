package main

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// host is where things are on the host that the module runs on.
type host struct {
	config  string        // host.json
	program string        // rundockd
	run     string        // status files
	state   string        // what rundockd keeps over boots
	slack   time.Duration // for a stop beyond what the service itself asks for, before it is killed
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
