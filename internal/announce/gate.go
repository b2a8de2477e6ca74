package announce

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Instance is what is known of the service's container now.
type Instance struct {
	Unreachable error // docker cannot be asked; nothing else is set

	Exists      bool
	Running     bool
	Paused      bool // running, but none of its processes gets any time
	Suspended   bool // its runner has paused it for a moment: what was known of it holds
	ID          string
	Deployment  string // what the container was made for, the same for all that were made after crashes; "": none knows
	Started     time.Time
	Finished    time.Time             // zero: it never ran
	ExitCode    int                   // of the last run
	Health      string                // "" without a HEALTHCHECK; starting, healthy, unhealthy
	HealthLog   string                // what the last HEALTHCHECK printed
	Addresses   map[string]netip.Addr // by network name
	CutOff      map[string]string     // why other hosts do not reach it, by network name
	HostNetwork bool
	Succeeds    string // id of the container whose place it has taken while both were well; "": there was none

	ended time.Time // when its first process was seen to end, where docker has not said so yet; Running is false then
}

// sameRun reports whether i and j are one run of one container.
func (i Instance) sameRun(j Instance) bool {
	return i.ID == j.ID && i.Started.Equal(j.Started)
}

// succeeds reports whether i has taken the place of j, so that what was known of j holds of i.
func (i Instance) succeeds(j Instance) bool {
	return i.Succeeds != "" && i.Succeeds == j.ID && i.Running && !i.Paused
}

// gate decides whether one port is announced, from what happens to the
// container and to the checks. It is told everything with the time it
// happened, reads no clock, and acts on nothing.
type gate struct {
	hasContainer bool      // false: the probes decide alone
	check        CheckType // tcp, http, exec: probes; docker: HEALTHCHECK; "": HEALTHCHECK or else tcp
	connects     bool      // the port takes TCP connections, so that tcp can be the default
	rise, fall   int

	answered  bool     // about the container, and answered
	dockerErr error    // why there is no answer now
	instance  Instance // the last answer
	deployed  string   // Deployment of the last container
	withdrawn bool     // on request, until another run of the container

	probesWell bool   // what the probes say: rise in a row succeeded, and not fall failed since
	streak     int    // successes in a row if positive, failures if negative
	failure    string // of the last failed probe
	succeeded  bool   // a probe of this run succeeded

	well       bool // health was all right after the last event
	flaps      damper
	reannounce time.Time // when a flapping service is announced again; zero: it is not, or not well
}

// containerChanged tells what became of the container.
func (g *gate) containerChanged(now time.Time, i Instance) {
	defer g.noteDrop(now)
	if g.usesHealthcheck() && (i.Unreachable == nil) != (g.dockerErr == nil) {
		g.streak = 0 // probes stand in for docker, each time anew
	}
	g.dockerErr = i.Unreachable
	if i.Unreachable != nil {
		return
	}
	if known := g.instance; !known.ended.IsZero() && i.sameRun(known) && i.Running {
		i.Running, i.ended = false, known.ended // docker has not heard of it yet
	}
	g.take(now, i)
}

// processEnded tells that the first process of a run of the container has ended,
// which docker may say later, or have said.
func (g *gate) processEnded(now time.Time, run Instance) {
	if !g.answered || !g.instance.Running || !run.sameRun(g.instance) {
		return
	}
	defer g.noteDrop(now)
	i := g.instance
	i.Running, i.ended = false, now
	g.take(now, i)
}

// take makes i the container, as it is.
func (g *gate) take(now time.Time, i Instance) {
	newRun := !g.answered || !i.sameRun(g.instance)
	if newRun && g.well && i.succeeds(g.instance) {
		if i.Deployment != g.deployed {
			g.deployed, g.flaps = i.Deployment, damper{}
		}
		g.streak, g.failure, g.instance = max(g.streak, 0), "", i
		return
	}
	switch {
	case g.withdrawn:
	case g.well && newRun:
		g.drop(now) // it has ended, though nobody saw it
	case !g.well && g.instance.Running && !i.Running:
		g.drop(now) // one that crashes before it is well is looping all the same
	}
	if i.Exists && i.Deployment != g.deployed {
		g.deployed, g.flaps = i.Deployment, damper{} // what was deployed before says nothing of this one
	}
	if newRun {
		g.probesWell, g.succeeded, g.streak, g.failure = false, false, 0, ""
		g.withdrawn = g.withdrawn && !i.Running
	}
	if i.Paused {
		// The kernel goes on accepting connections for it: what probes said
		// means nothing afterwards either.
		g.probesWell, g.succeeded, g.streak, g.failure = false, false, 0, ""
	}
	if !newRun && i.Health == "starting" && g.instance.Health != "" {
		// A dockerd that was restarted has forgotten it (seen with 26.1): what
		// was known holds until its first check.
		i.Health, i.HealthLog = g.instance.Health, g.instance.HealthLog
	}
	g.answered, g.instance = true, i
}

// probed tells how a probe of the current run went.
func (g *gate) probed(now time.Time, err error) {
	if g.instance.Paused || g.instance.Suspended {
		return
	}
	defer g.noteDrop(now)
	if err == nil {
		g.succeeded = true
		g.streak = max(g.streak, 0) + 1
		g.probesWell = g.probesWell || g.streak >= g.rise
		return
	}
	g.failure = err.Error()
	g.streak = min(g.streak, 0) - 1
	g.probesWell = g.probesWell && -g.streak < g.fall
}

// withdraw takes the announcement away until another run of the container.
func (g *gate) withdraw(now time.Time) {
	g.withdrawn = true
	g.noteDrop(now)
}

// resume undoes withdraw: the run goes on. It may have been told to end since,
// so that what probes said of it before means nothing.
func (g *gate) resume(now time.Time) {
	g.withdrawn = false
	g.probesWell, g.succeeded, g.streak, g.failure = false, false, 0, ""
	g.noteDrop(now)
}

// noteDrop notes a drop. It follows every event.
func (g *gate) noteDrop(now time.Time) {
	well, _ := g.health()
	if g.well && !well && !g.withdrawn {
		g.drop(now)
	}
	g.flaps.pass(now, well)
	if well && !g.well {
		g.reannounce = now.Add(g.flaps.remaining())
	}
	g.well = well
}

func (g *gate) drop(now time.Time) {
	g.flaps.drop(now)
	g.well = false
}

// verdict says whether to announce, why not, and when to ask again though
// nothing happened (zero: not before).
func (g *gate) verdict(now time.Time) (up bool, reason string, again time.Time) {
	well, reason := g.health()
	if !well {
		return false, reason, time.Time{}
	}
	g.flaps.pass(now, true)
	if g.flaps.suppressed {
		return false, "flapping: announced at " + clock(g.reannounce) + " if it stays well", now.Add(g.flaps.remaining())
	}
	return true, "", time.Time{}
}

// settled reports whether a verdict of not to announce tells that the port is not
// well, rather than that it is not known yet how it is.
func (g *gate) settled() bool {
	if g.hasContainer {
		switch {
		case !g.answered:
			return false
		case !g.instance.Running, g.instance.Paused:
			return true
		}
	}
	switch {
	case g.usesHealthcheck() && g.instance.Health != "starting" && g.dockerErr == nil:
		return true
	case g.usesHealthcheck(), g.canProbe():
		return g.probesWell || -g.streak >= g.fall
	}
	return true
}

// health leaves flapping aside.
func (g *gate) health() (well bool, reason string) {
	if g.withdrawn {
		return false, "withdrawn on request"
	}
	if g.hasContainer {
		switch {
		case !g.answered && g.dockerErr != nil:
			return false, g.dockerErr.Error()
		case !g.answered:
			return false, "docker has not answered yet"
		case !g.instance.Exists:
			return false, "the container does not exist"
		case !g.instance.ended.IsZero():
			return false, fmt.Sprintf("the container's process ended at %s, and docker has not said so yet", clock(g.instance.ended))
		case !g.instance.Running && g.instance.Finished.IsZero():
			return false, "the container was not started yet"
		case !g.instance.Running:
			return false, fmt.Sprintf("the container ended with exit code %d at %s", g.instance.ExitCode, clock(g.instance.Finished))
		case g.instance.Paused:
			return false, "the container is paused"
		}
	}
	switch {
	case g.usesHealthcheck() && g.dockerErr == nil:
		return g.dockerHealth()
	case g.usesHealthcheck():
		// While docker is away its last word holds, unless the port refuses.
		if well, reason := g.dockerHealth(); !well || -g.streak < g.fall {
			return well, reason
		}
		return false, g.failure
	case !g.canProbe():
		return true, ""
	case g.probesWell:
		return true, ""
	case g.failure != "" && g.streak < 0:
		return false, g.failure
	case g.streak > 0:
		return false, fmt.Sprintf("check succeeded %d of %d times", g.streak, g.rise)
	}
	return false, "not checked yet"
}

func (g *gate) dockerHealth() (well bool, reason string) {
	switch g.instance.Health {
	case "healthy":
		return true, ""
	case "":
		return false, "the container has no HEALTHCHECK"
	}
	reason = "HEALTHCHECK: " + g.instance.Health
	if last := lastLine(g.instance.HealthLog); last != "" {
		reason += ": " + last
	}
	return false, reason
}

// usesHealthcheck reports whether docker's HEALTHCHECK decides.
func (g *gate) usesHealthcheck() bool {
	return g.check == CheckDocker || g.check == "" && g.hasContainer && g.instance.Health != ""
}

// canProbe reports whether there is something to probe where docker does not
// decide.
func (g *gate) canProbe() bool { return g.check != "" && g.check != CheckDocker || g.connects }

// wantsProbe reports whether probes are wanted now, and whether in haste: until
// the first success of a run.
func (g *gate) wantsProbe() (wanted, haste bool) {
	switch {
	case g.withdrawn, !g.canProbe(), g.hasContainer && (!g.instance.Running || g.instance.Paused || g.instance.Suspended):
		return false, false
	case g.usesHealthcheck() && g.dockerErr == nil:
		return false, false
	}
	return true, !g.succeeded && !g.usesHealthcheck()
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// lastLine returns the last line of text that is not empty, cut to a length
// that a status can carry.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "..."
	}
	return text
}
