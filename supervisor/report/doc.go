// Package report holds what the commands of rundockd for people share: their
// arguments and exit codes (arguments.go, exit.go), which services there are
// (services.go), findings and what they come to (finding.go, trouble.go), and
// how they are shown (people.go, table.go, duration.go, json.go).
//
// The commands are beside it: service (status, explain), network (overlay
// status, peers, explain), balance, filter, template, logs, facts and site
// (services). Each gathers facts, judges them in pure
// functions, and shows the judgement as text or as JSON, whose fields
// docs/operations.md describes. They change nothing.
package report
