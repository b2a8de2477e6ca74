package service

import (
	"fmt"
	"rundock/internal/control"
	"rundock/supervisor/report"
	"strings"
)

func judgeRunner(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Runs || !s.Enabled {
		return
	}
	logs := "rundockd logs " + s.Name
	says := s.Says
	since := report.Age(h.Now, says.Since)
	// Between two crashes it always looks well.
	looping := says.Phase == control.Running && says.Crashes >= control.Looped && h.Now.Sub(says.Started) < control.Settled
	switch {
	case s.SaysTrouble.Failed():
		r.Trouble(s.SaysTrouble, "sv hup "+halfOf(h, s, "service")+", which has it written anew")
		return
	case says.PID == 0 && s.Runner.Status.PID != 0:
		r.Wrong("its status is gone: "+statusFile(s, "runner.json"), "call the module with state=enabled, or: sv hup "+halfOf(h, s, "service")+"; either has it written anew")
		return
	case says.PID == 0:
		r.Wrong("no runner has started since boot", logs)
		return
	case says.Phase == control.Backoff:
		// Also where its process has left with its container: runsv starts the next.
	case !s.RunnerLives:
		r.Wrong(fmt.Sprintf("its process %d is gone; it last said: %s", says.PID, says.Phase), logs)
		return
	}
	switch says.Phase {
	case control.Running:
		if says.Error != "" {
			r.Wrong("the old container goes on, as the wanted one cannot be made: "+says.Error, "mend that; it is tried again by itself, or at once by: sv 1 "+halfOf(h, s, "service"))
			break
		}
		if looping {
			r.Wrong(fmt.Sprintf("running for %s, but %s, last with exit code %d", since, crashes(says.Crashes), says.ExitCode), logs, s.LastLog...)
			break
		}
		r.Fine("running for %s", since)
	case control.Backoff:
		text := join(says.Error, crashes(says.Crashes))
		if left := says.NextStart.Sub(h.Now); left > 0 {
			text = join(text, "next start in "+report.Span(left))
		}
		r.Wrong(text, logs+"; to start it at once: sv 1 "+halfOf(h, s, "service"), s.LastLog...)
	case control.Waiting:
		next := "mend that; it is tried again by itself"
		if strings.Contains(says.Error, "dockerd") {
			next = mendDocker
		}
		r.Wrong(fmt.Sprintf("waiting for %s: %s", since, says.Error), next)
	case control.Pulling, control.Starting:
		r.Wrong(join(fmt.Sprintf("%s for %s", says.Phase, since), says.Error), "wait; it is on its way")
	default:
		r.Wrong(join(fmt.Sprintf("%s for %s", says.Phase, since), says.Error), "wait; else "+logs)
	}
	if says.Phase != control.Backoff && says.Crashes > 0 && !looping {
		text := crashes(says.Crashes)
		if says.ExitCode != 0 {
			text += fmt.Sprintf(", last with exit code %d", says.ExitCode)
		}
		r.Note("%s", text)
	}
	if says.Remade != "" {
		r.Note("it made the container anew by itself, as %s", says.Remade)
	}
	if says.Warning != "" {
		r.Note("%s", says.Warning)
	}
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
