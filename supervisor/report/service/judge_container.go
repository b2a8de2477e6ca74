package service

import (
	"fmt"
	"slices"
	"strings"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

func judgeContainer(r *report.Part, h hostFacts, s serviceFacts) {
	if !s.Runs {
		if c := s.Container; !s.Installed && c.Exists && c.Labels[container.LabelService] == s.Name {
			r.Wrong(shortID(c.ID)+" is there, and is this service's", "call the module with state=absent, which stops it and removes all that is left")
		}
		return
	}
	if h.Docker.Failed() {
		r.Trouble(h.Docker, mendDocker)
		return
	}
	c := s.Container
	switch {
	case c.Exists && c.Labels[container.LabelService] != s.Name:
		r.Wrong("a container named "+s.Name+" is there that rundock did not make", "rename or remove it: docker rename "+s.Name+" ...")
		return
	case stopping(s):
		return // said with the supervision
	case !s.Enabled && c.Running && s.RunnerAlive:
		r.Wrong(shortID(c.ID)+" runs although the service is disabled", "call the module with state=disabled, which stops it")
		return
	case !s.Enabled && c.Running:
		r.Wrong(shortID(c.ID)+" runs although the service is disabled, and nothing stops it before state=disabled is called again", "call the module with state=disabled, which stops it")
		return
	case !s.Enabled:
		return
	case !c.Exists:
		r.Wrong("it does not exist", "rundockd logs "+s.Name)
		return
	case !c.Running && s.RunnerStatus.Phase == control.Ended && s.RunnerAlive:
		return // a job's, said with the runner
	case !c.Running:
		more := s.LastLog
		if s.RunnerStatus.Phase == control.Backoff {
			more = nil // it stands above
		}
		r.Wrong(stopped(c, h), "rundockd logs "+s.Name, more...)
		return
	}
	if c.Name != s.Name {
		r.Wrong("it was renamed to "+c.Name, "docker rename "+c.Name+" "+s.Name+"; where another container has that name, rename or remove that one first")
	}
	up := fmt.Sprintf("%s is up for %s", shortID(c.ID), report.Age(h.Now, c.StartedAt))
	if c.Paused && !s.RunnerStatus.Pause.Covers(c.ID, h.Now) {
		r.Wrong(up+", but paused: none of its processes runs", "docker unpause "+s.Name)
	} else {
		r.Fine("%s", up)
	}
	judgeNetworks(r, h, s)
	judgeOrigins(r, h, s)
	if s.Unmounted != "" {
		r.Wrong(s.Unmounted+" any more, so that no other container is started, as after a crash", "mount it; what the container has there may be the file system of before, or the folder below")
	}
	for _, path := range s.AnonymousVolumes {
		r.Note("the image keeps data in %s, where there is no volume: it goes with the container", path)
	}
	judgeHealth(r, s)
	judgeUnchecked(r, s)
}

// judgeUnchecked tells that Docker makes no health checks any more, so that what it
// says of health may be old: its runner could not change that.
func judgeUnchecked(r *report.Part, s serviceFacts) {
	u, c := s.RunnerStatus.Unchecked, s.Container
	if u == nil || u.Container != c.ID || !u.Last.Equal(c.LastCheck) || c.Paused {
		return
	}
	last := "since it was started"
	if !u.Last.IsZero() {
		last = "since " + report.Stamp(u.Last)
	}
	r.Wrong(fmt.Sprintf("HEALTHCHECK: Docker makes none %s, and could not be brought to it: %s", last, u.Error),
		fmt.Sprintf("docker pause %s && docker unpause %[1]s; or state=restarted, which makes it anew", s.Name))
}

func stopped(c container.State, h hostFacts) string {
	if c.StartedAt.IsZero() || c.FinishedAt.Before(c.StartedAt) {
		return join(shortID(c.ID)+" was made and not started", c.Error)
	}
	text := fmt.Sprintf("%s ended with exit code %d, %s ago", shortID(c.ID), c.ExitCode, report.Age(h.Now, c.FinishedAt))
	if c.OOMKilled {
		text += ", killed for want of memory"
	}
	return join(text, c.Error)
}

// judgeOrigins compares what the container was made from with what one would
// be made from now.
func judgeOrigins(r *report.Part, h hostFacts, s serviceFacts) {
	c, anew := s.Container, "sv 1 "+halfOf(h, s, "service")+", which replaces the container"
	changed, away := s.Origins.Changed(c.Labels), s.Origins.MissingPartner()
	switch {
	case s.Hash == "":
	case c.Labels[container.LabelSpec] != s.Hash:
		r.Wrong("it was made from another spec than service.json has", anew)
	case away != "":
		r.Wrong(away, "start that one; then this one is made anew by itself")
	case h.Config.Failed(): // said with the files
	case s.ExpandTrouble.Failed():
		r.Wrong("the host's addresses: "+s.ExpandTrouble.Text, "rundockd config; site.yml writes host.json")
	case changed != "":
		r.Wrong(changed, "it is made anew by itself, within half a minute; at once by: "+anew)
	case len(s.NotThere) > 0:
		r.Wrong(strings.Join(s.NotThere, ", ")+": not there, so that no other container can be made, as after a crash", "put it back")
	case supervisor.Changed(s.MadeFrom, s.RunnerStatus.Contents, s.Contents) != nil:
		r.Note("%s: changed since the container was made; state=enabled deploys it", strings.Join(supervisor.Changed(s.MadeFrom, s.RunnerStatus.Contents, s.Contents), ", "))
	case s.Deep:
		r.Fine("its labels match service.json and the host's addresses")
	}
	if changed == "" {
		judgeResolvers(r, s)
	}
	judgeImage(r, s)
}

// judgeResolvers is about a container that asks others for names than a new one
// would: host.json names others now, or it was made by an earlier release,
// which did not note which of them is the host.
func judgeResolvers(r *report.Part, s serviceFacts) {
	if s.Hash == "" || s.Resolvers == nil || slices.Equal(s.Container.Resolvers, s.Resolvers) {
		return
	}
	text := fmt.Sprintf("it asks %s for names, and a new container would ask %s", orNone(strings.Join(s.Container.Resolvers, ", ")), strings.Join(s.Resolvers, ", "))
	if s.Origins.Resolver != "" && !slices.Contains(s.Container.Resolvers, s.Origins.Resolver) {
		r.Wrong(text, "state=restarted makes it anew")
		return
	}
	r.Note("%s: state=restarted makes it anew", text)
}

// judgeImage tells that the image's name has come to mean another. What the
// image registry has is not asked.
func judgeImage(r *report.Part, s serviceFacts) {
	switch c := s.Container; {
	case s.TagMeans == "" || s.TagMeans == c.Image || c.Labels[container.LabelSpec] != s.Hash:
	case s.Pin != "":
		r.Note("%s means another image now than the one it was rolled back to", s.Image)
	default:
		r.Note("%s means another image now than the one that runs: state=restarted deploys it", s.Image)
	}
}

func judgeHealth(r *report.Part, s serviceFacts) {
	more := nonEmptyLines(s.Container.HealthLog)
	switch s.Container.Health {
	case "":
		if s.Deep {
			r.Note("it has no HEALTHCHECK")
		}
	case "healthy":
		r.Fine("HEALTHCHECK: healthy")
	case "starting":
		r.Add(report.Note, "HEALTHCHECK: starting, has not succeeded yet", "", more...)
	default:
		r.Wrong(join("HEALTHCHECK: "+s.Container.Health, lastOf(more)), "rundockd logs "+s.Name+"; the check is in: docker inspect -f '{{.Config.Healthcheck}}' "+s.Name, more...)
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
