// Package audit tells what of a host, its dockerd, its containers and rundock itself is not
// as the CIS Docker Benchmark or rundock's own promises have it: `rundockd audit`, and the
// module rundock_audit, which calls `rundockd audit ctl`. It changes nothing.
//
//	observation.go  what was seen; checks look at nothing else
//	gather*.go      from files, /proc, dockerd and the reports beside this package
//	check.go        what a check is, and what comes of one
//	checks_*.go     all checks: a table and pure functions
//	accepted.go     what a host of site.yml has and is left so, and why
//	judge.go        checks and acceptances to a document; pure
//	scanner.go      a scanner of images that is on the host
//	document.go     what is told; its JSON keeps its shape
//	sarif.go        the same as SARIF 2.1.0
//	table.go        the same for people
//	main.go ctl.go  the commands
//
// Source: CIS Docker Benchmark v1.7.0, whose numbers checks keep, in words of our own.
package audit
