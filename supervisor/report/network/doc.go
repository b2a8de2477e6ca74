// Package network tells people how overlay networks stand: `rundockd overlay
// status`, `peers` and `explain`. It finds facts out (gather_*.go, ping.go),
// judges them (judge_*.go, pure) and shows the judgement as a table
// (*_table.go), a story (story.go) or JSON (*_document.go). It changes nothing.
package network
