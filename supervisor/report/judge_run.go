package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor"
)

// mendDocker says what to do while dockerd does not answer.
const mendDocker = "on this host: service docker status; service docker start; its log tells why"

func judgeRunner(r *report, h hostFacts, s serviceFacts) {
	if !s.Runs || !s.Enabled {
		return
	}
	logs := "rundockd logs " + s.Name
	says := s.Says
	since := age(h.Now, says.Since)
	// Between two crashes it always looks well.
	looping := says.Phase == control.Running && says.Crashes >= control.Looped && h.Now.Sub(says.Started) < control.Settled
	switch {
	case s.SaysTrouble.is():
		r.trouble(s.SaysTrouble, "sv hup "+halfOf(h, s, "service")+", which has it written anew")
		return
	case says.PID == 0 && s.Runner.Status.PID != 0:
		r.wrong("its status is gone: "+statusFile(s, "runner.json"), "call the module with state=enabled, or: sv hup "+halfOf(h, s, "service")+"; either has it written anew")
		return
	case says.PID == 0:
		r.wrong("no runner has started since boot", logs)
		return
	case says.Phase == control.Backoff:
		// Also where its process has left with its container: runsv starts the next.
	case !s.RunnerLives:
		r.wrong(fmt.Sprintf("its process %d is gone; it last said: %s", says.PID, says.Phase), logs)
		return
	}
	switch says.Phase {
	case control.Running:
		if says.Error != "" {
			r.wrong("the old container goes on, as the wanted one cannot be made: "+says.Error, "mend that; it is tried again by itself, or at once by: sv 1 "+halfOf(h, s, "service"))
			break
		}
		if looping {
			r.wrong(fmt.Sprintf("running for %s, but %s, last with exit code %d", since, crashes(says.Crashes), says.ExitCode), logs, s.LastLog...)
			break
		}
		r.fine("running for %s", since)
	case control.Backoff:
		text := join(says.Error, crashes(says.Crashes))
		if left := says.NextStart.Sub(h.Now); left > 0 {
			text = join(text, "next start in "+span(left))
		}
		r.wrong(text, logs+"; to start it at once: sv 1 "+halfOf(h, s, "service"), s.LastLog...)
	case control.Waiting:
		next := "mend that; it is tried again by itself"
		if strings.Contains(says.Error, "dockerd") {
			next = mendDocker
		}
		r.wrong(fmt.Sprintf("waiting for %s: %s", since, says.Error), next)
	case control.Pulling, control.Starting:
		r.wrong(join(fmt.Sprintf("%s for %s", says.Phase, since), says.Error), "wait; it is on its way")
	default:
		r.wrong(join(fmt.Sprintf("%s for %s", says.Phase, since), says.Error), "wait; else "+logs)
	}
	if says.Phase != control.Backoff && says.Crashes > 0 && !looping {
		text := crashes(says.Crashes)
		if says.ExitCode != 0 {
			text += fmt.Sprintf(", last with exit code %d", says.ExitCode)
		}
		r.note("%s", text)
	}
	if says.Remade != "" {
		r.note("it made the container anew by itself, as %s", says.Remade)
	}
	if says.Warning != "" {
		r.note("%s", says.Warning)
	}
}

// statusFile is where a process of the service says what it is doing.
func statusFile(s serviceFacts, file string) string {
	return filepath.Join(control.Dir, s.Name, file)
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

// join puts together what is not empty.
func join(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "; ")
}

func judgeContainer(r *report, h hostFacts, s serviceFacts) {
	if !s.Runs {
		return
	}
	if h.Docker.is() {
		r.trouble(h.Docker, mendDocker)
		return
	}
	c := s.Container
	switch {
	case c.Exists && c.Labels[container.LabelService] != s.Name:
		r.wrong("a container named "+s.Name+" is there that rundock did not make", "rename or remove it: docker rename "+s.Name+" ...")
		return
	case !s.Enabled && c.Running:
		r.wrong(shortID(c.ID)+" runs although the service is disabled", "call the module with state=disabled, which stops it")
		return
	case !s.Enabled:
		return
	case !c.Exists:
		r.wrong("it does not exist", "rundockd logs "+s.Name)
		return
	case !c.Running:
		more := s.LastLog
		if s.Says.Phase == control.Backoff {
			more = nil // it stands above
		}
		r.wrong(stopped(c, h), "rundockd logs "+s.Name, more...)
		return
	}
	r.fine("%s is up for %s", shortID(c.ID), age(h.Now, c.StartedAt))
	judgeOrigins(r, h, s)
	for _, path := range s.Unkept {
		r.note("the image keeps data in %s, where there is no volume: it goes with the container", path)
	}
	judgeHealth(r, s)
}

func stopped(c container.State, h hostFacts) string {
	if c.StartedAt.IsZero() || c.FinishedAt.Before(c.StartedAt) {
		return join(shortID(c.ID)+" was made and not started", c.Error)
	}
	text := fmt.Sprintf("%s ended with exit code %d, %s ago", shortID(c.ID), c.ExitCode, age(h.Now, c.FinishedAt))
	if c.OOMKilled {
		text += ", killed for want of memory"
	}
	return join(text, c.Error)
}

// judgeOrigins compares what the container was made from with what one would
// be made from now.
func judgeOrigins(r *report, h hostFacts, s serviceFacts) {
	c, anew := s.Container, "sv 1 "+halfOf(h, s, "service")+", which replaces the container"
	changed, away := s.Origins.Changed(c.Labels), s.Origins.Away()
	switch {
	case s.Hash == "":
	case c.Labels[container.LabelSpec] != s.Hash:
		r.wrong("it was made from another spec than service.json has", anew)
	case away != "":
		r.wrong(away, "start that one; then this one is made anew by itself")
	case h.Config.is(): // said with the files
	case s.Expand.is():
		r.wrong("the host's addresses: "+s.Expand.Text, "rundockd config; site.yml writes host.json")
	case changed != "":
		r.wrong(changed, "it is made anew by itself, within half a minute; at once by: "+anew)
	case supervisor.Changed(s.MadeFrom, s.Says.Contents, s.Contents) != nil:
		r.note("%s: changed since the container was made; state=enabled deploys it", strings.Join(supervisor.Changed(s.MadeFrom, s.Says.Contents, s.Contents), ", "))
	case s.Deep:
		r.fine("its labels match service.json and the host's addresses")
	}
	if changed == "" {
		judgeResolvers(r, s)
	}
	judgeImage(r, s)
}

// judgeResolvers is about a container that asks others for names than a new one
// would: host.json names others now, or it was made by an earlier release,
// which did not note which of them is the host.
func judgeResolvers(r *report, s serviceFacts) {
	if s.Hash == "" || s.Resolvers == nil || slices.Equal(s.Container.Resolvers, s.Resolvers) {
		return
	}
	text := fmt.Sprintf("it asks %s for names, and a new container would ask %s", orNone(strings.Join(s.Container.Resolvers, ", ")), strings.Join(s.Resolvers, ", "))
	if s.Origins.Resolver != "" && !slices.Contains(s.Container.Resolvers, s.Origins.Resolver) {
		r.wrong(text, "state=restarted makes it anew")
		return
	}
	r.note("%s: state=restarted makes it anew", text)
}

// judgeImage tells that the image's name has come to mean another. What the
// image registry has is not asked.
func judgeImage(r *report, s serviceFacts) {
	switch c := s.Container; {
	case s.Means == "" || s.Means == c.Image || c.Labels[container.LabelSpec] != s.Hash:
	case s.Pin != "":
		r.note("%s means another image now than the one it was rolled back to", s.Image)
	default:
		r.note("%s means another image now than the one that runs: state=restarted deploys it", s.Image)
	}
}

func judgeHealth(r *report, s serviceFacts) {
	more := nonEmptyLines(s.Container.HealthLog)
	switch s.Container.Health {
	case "":
		if s.Deep {
			r.note("it has no HEALTHCHECK")
		}
	case "healthy":
		r.fine("HEALTHCHECK: healthy")
	case "starting":
		r.add(note, "HEALTHCHECK: starting, has not succeeded yet", "", more...)
	default:
		r.wrong(join("HEALTHCHECK: "+s.Container.Health, lastOf(more)), "rundockd logs "+s.Name+"; the check is in: docker inspect -f '{{.Config.Healthcheck}}' "+s.Name, more...)
	}
}

func nonEmptyLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func lastOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// shortID is the form of an id that docker ps prints.
func shortID(id string) string { return fmt.Sprintf("%.12s", id) }

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
