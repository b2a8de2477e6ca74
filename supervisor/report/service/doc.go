// Package service tells people how the services of a host are doing: `rundockd
// status` and `rundockd explain`. It finds facts out (facts.go, gather*.go),
// judges them (judge*.go, pure) and shows the judgement as a table
// (status_table.go), a story (story.go) or JSON (status_document.go). It changes
// nothing.
package service
