package main

import (
	"rundock/internal/control"
	"rundock/supervisor/announcing"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/servicecontainer"
)

// reports are the commands for people that are about services.
var reports = report.Program{
	Expand: servicecontainer.Expand, Announcement: announcing.Config, Instance: announcing.Instance, Lives: process.IsRundockd,
	Looped: control.Looped, Settled: control.Settled,
}
