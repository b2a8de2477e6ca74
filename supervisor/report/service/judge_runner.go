package service

import (
	"fmt"
	"strings"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

func judgeRunner(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Runs || !s.Enabled {
		return
	}
	if speaks := judgeRunnerProcess(r, h, s); speaks {
		judgePhase(r, h, s)
	}
}

// judgeRunnerProcess judges whether there is a runner, and reports whether what it
// said last can be judged further.
func judgeRunnerProcess(r *report.Part, h hostFacts, s serviceFacts) (speaks bool) {
	logs := "rundockd logs " + s.Name
	status := s.RunnerStatus
	switch {
	case s.RunnerTrouble.Failed():
		r.Trouble(s.RunnerTrouble, "sv hup "+halfOf(h, s, "service")+", which has it written anew")
	case status.PID == 0 && s.Runner.Status.PID != 0:
		r.Wrong("its status is gone: "+statusFile(s, "runner.json"), "call the module with state=enabled, or: sv hup "+halfOf(h, s, "service")+"; either has it written anew")
	case status.PID == 0:
		r.Wrong("no runner has started since boot", logs)
	case status.Phase == control.Backoff:
		// Also where its process has left with its container: runsv starts the next.
		return true
	case !s.RunnerAlive:
		r.Wrong(fmt.Sprintf("its process %d is gone; it last said: %s", status.PID, status.Phase), logs)
	default:
		return true
	}
	return false
}

// judgePhase judges what the runner is at.
func judgePhase(r *report.Part, h hostFacts, s serviceFacts) {
	logs := "rundockd logs " + s.Name
	status := s.RunnerStatus
	since := report.Age(h.Now, status.Since)
	// Between two crashes it always looks well. While it is paused it cannot
	// crash, and the pause is what is wrong.
	looping := !s.Container.Paused && status.Phase == control.Running && status.Crashes >= control.Looped && h.Now.Sub(status.Started) < control.Stable
	switch status.Phase {
	case control.Running:
		if status.Error != "" {
			r.Wrong("the old container goes on, as the wanted one cannot be made: "+status.Error, "mend that; it is tried again by itself, or at once by: sv 1 "+halfOf(h, s, "service"))
			break
		}
		if looping {
			r.Wrong(fmt.Sprintf("running for %s, but %s", since, failures(status)), logs, s.LastLog...)
			break
		}
		r.Fine("running for %s", since)
	case control.Backoff:
		text := join(status.Error, crashes(status.Crashes))
		if left := status.NextStart.Sub(h.Now); left > 0 {
			text = join(text, "next start in "+report.Span(left))
		}
		r.Wrong(text, logs+"; to start it at once: sv 1 "+halfOf(h, s, "service"), s.LastLog...)
	case control.Ended:
		if status.ExitCode != 0 {
			r.Wrong(fmt.Sprintf("the job ended %s ago with exit code %d", since, status.ExitCode), logs+"; to run it again: state=restarted", s.LastLog...)
			return
		}
		r.Fine("the job ended well %s ago", since)
	case control.Standby:
		r.Fine("a standby for %s: %s", since, status.Error)
	case control.Waiting:
		next := "mend that; it is tried again by itself"
		if strings.Contains(status.Error, "dockerd") {
			next = mendDocker
		}
		r.Wrong(fmt.Sprintf("waiting for %s: %s", since, status.Error), next)
	case control.Pulling:
		if status.Crashes >= control.Looped {
			looping = true // and is on its way to the next crash
			r.Wrong(fmt.Sprintf("%s for %s, after it %s", status.Phase, since, failures(status)), logs, s.LastLog...)
			break
		}
		r.Wrong(join(fmt.Sprintf("%s for %s", status.Phase, since), status.Error), "wait; it is on its way")
	default:
		r.Wrong(join(fmt.Sprintf("%s for %s", status.Phase, since), status.Error), "wait; else "+logs)
	}
	noteRunner(r, status, looping)
}

// noteRunner adds what is worth knowing of a runner whose phase was judged.
func noteRunner(r *report.Part, status control.RunnerStatus, looping bool) {
	if status.Phase != control.Backoff && status.Crashes > 0 && !looping {
		r.Note("%s", failures(status))
	}
	if status.Remade != "" {
		r.Note("it made the container anew by itself, as %s", status.Remade)
	}
	if status.Warning != "" {
		r.Note("%s", status.Warning)
	}
}

// failures says how often the container has failed. One that could not be made
// has no exit code.
func failures(status control.RunnerStatus) string {
	text := crashes(status.Crashes)
	if status.ExitCode != 0 {
		text += fmt.Sprintf(", last with exit code %d", status.ExitCode)
	}
	return text
}

func crashes(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "failed once"
	}
	return fmt.Sprintf("failed %d times in a row", n)
}
