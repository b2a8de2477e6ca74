// Package previewlog is the logs of previews, which are read while they are written: that of a
// build, and those of containers. Each is on the host whose builder has the preview. There they are read from
// files; the page of another host asks that builder by HTTP (serve.go, remote.go):
//
//	GET /build/NAME?after=PLACE[&follow=1]
//	GET /container/NAME/SLOT?after=PLACE[&follow=1]
//
// The answer is an event as JSON on each line.
package previewlog
