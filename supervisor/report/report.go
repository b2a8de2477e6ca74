// Package report tells people how the services of a host are doing: the
// commands status, explain and logs of rundockd, and what an address of an
// overlay network is (netexplain.go). It finds out facts (gather.go),
// judges them (judge.go, pure) and tells them, as a table (statustable.go), as a
// story (story.go), or as JSON, whose fields docs/operations.md describes. It
// changes nothing.
package report
