package main

import (
	"rundock/internal/spec"
	"rundock/supervisor"
)

// shape is which processes a service directory supervises, and where: folders
// relative to it, "" for none. With both, each has a folder of its own under
// one outer process.
type shape struct {
	runner  string
	sidecar string
}

func shapeOf(s supervisor.Service) shape {
	var f shape
	f.runner, _ = s.RunnerDir()
	f.sidecar, _ = s.AnnouncerDir()
	return f
}

// The three shapes.
var (
	anImage      = spec.Container{Image: "x"}
	anAnnounce   = supervisor.Announce{Announces: []supervisor.Announcement{{}}}
	both         = shapeOf(supervisor.Service{Container: anImage, Announce: anAnnounce})
	runnerAlone  = shapeOf(supervisor.Service{Container: anImage})
	sidecarAlone = shapeOf(supervisor.Service{Announce: anAnnounce})
)
