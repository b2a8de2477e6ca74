package plan

import (
	"rundock/internal/spec"
	"rundock/supervisor"
)

// Shape is which processes a service directory supervises, and where: folders
// relative to it, "" for none. With both, each has a folder of its own under
// one outer process.
type Shape struct {
	Runner  string
	Sidecar string
}

// shapeOf is the shape of the service directory of s.
func shapeOf(s supervisor.Service) Shape {
	var f Shape
	f.Runner, _ = s.RunnerDir()
	f.Sidecar, _ = s.AnnouncerDir()
	return f
}

// The three shapes.
var (
	anImage      = spec.Container{Image: "x"}
	anAnnounce   = supervisor.Announce{Announces: []supervisor.Announcement{{}}}
	Both         = shapeOf(supervisor.Service{Container: anImage, Announce: anAnnounce})
	RunnerAlone  = shapeOf(supervisor.Service{Container: anImage})
	SidecarAlone = shapeOf(supervisor.Service{Announce: anAnnounce})
)
