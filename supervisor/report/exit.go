package report

// Exit codes of the reports, after those of LSB's init scripts.
const (
	ExitWell    = 0
	ExitUnknown = 1 // nothing is known to be wrong, but not everything could be found out
	ExitUsage   = 2
	ExitWrong   = 3
	ExitNone    = 4 // no such service, network or address
)

// ExitCode is that of a verdict (see Verdict).
func ExitCode(verdict string) int {
	switch verdict {
	case "wrong":
		return ExitWrong
	case "unknown":
		return ExitUnknown
	}
	return ExitWell
}
