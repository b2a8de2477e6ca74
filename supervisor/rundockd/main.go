// Rundockd is rundock's program on a host: what runsv starts (runners, sidecars,
// overlay agents, balancer, packet filter), what modules, playbooks and generated
// scripts ask for, and the commands for people. commands has all of them; those of
// other programs it becomes (become.go).
package main

import (
	"os"

	"rundock/supervisor/balancer"
	"rundock/supervisor/certificates"
	"rundock/supervisor/ctl"
	"rundock/supervisor/draining"
	"rundock/supervisor/exporter"
	"rundock/supervisor/filterer"
	"rundock/supervisor/forgetting"
	"rundock/supervisor/imageserver"
	"rundock/supervisor/overlayctl"
	"rundock/supervisor/report/audit"
	"rundock/supervisor/report/facts"
	"rundock/supervisor/report/logs"
	"rundock/supervisor/report/service"
	"rundock/supervisor/report/site"
	"rundock/supervisor/runner"
	"rundock/supervisor/shipper"
	"rundock/supervisor/sidecar"
	"rundock/supervisor/switching"
	"rundock/supervisor/verbs"
	"rundock/supervisor/verifier"
)

// version is set at link time.
var version = "development"

const (
	forPeople  = "For people"
	forScripts = "For scripts"
	byRunsv    = "Started by runsv"
	forModules = "For modules and generated scripts"
)

// commands are in the order of usage.
var commands = []verbs.Verb{
	verbs.Of("status", "[NAME...]", forPeople, "what the services of this host are doing, one line for each", service.StatusMain),
	verbs.Of("explain", "NAME", forPeople, "why a service is, or is not, in DNS, and what to do next", service.ExplainMain),
	verbs.Of("logs", "NAME [announce] [-f]", forPeople, "what its container prints; logs NAME announce: its sidecar", logs.Main),
	verbs.Of("services", "[NAME...]", forPeople, "all services of the zone, and on which hosts they are", site.Main),
	verbs.Of("facts", "[PART...]", forPeople, "what this host is, has and runs: capacity, programs, services, networks, images", facts.Main(version)),
	verbs.Of("audit", "", forPeople, "what of this host is not as CIS's benchmark and rundock have it, and what mends it", audit.Main(version)),
	verbs.Of("overlay", "status | peers | explain | check | leave | forget", forPeople, "how the overlay networks stand, and what to do; leave one", overlayctl.Main),
	verbs.Of("balance", "status", forPeople, "how this host's load balancer stands; check settings, or leave", balancer.Main),
	verbs.Of("switch", "SERVICE [--to COLOUR]", forPeople, "which colour of a service has its traffic; --to COLOUR: give it to the other one", switching.Main),
	verbs.Of("history", "SERVICE", forPeople, "the switches of a service: when, who, from and to which colour, why back", switching.HistoryMain),
	verbs.Of("verify-switch", "SERVICE", forPeople, "switch to and fro under load, and explain each request that fails", verifier.Main),
	verbs.Of("stack", "releases | show | diff | history | list", forPeople, "what the store has of stacks", become("stack")),
	verbs.Of("drain", "", forPeople, "take all services of this host out of use, until undrain; see drain --help", draining.Main),
	verbs.Of("undrain", "", forPeople, "have them run again", draining.UndrainMain),
	verbs.Of("filter", "status", forPeople, "who reaches this host's own services: how the packet filter stands", filterer.Main),
	verbs.Of("ship", "status | check", forPeople, "how the shipping of this host's logs stands; whether the receiver is reached", shipper.Main),
	verbs.Of("forget-host", "HOST", forPeople, "have the store forget a host that is gone for good", forgetting.Main),
	verbs.Of("cert", "status", forPeople, "the certificates of this host, and when they end", certificates.Main),

	verbs.Plain("check", "NAME", forScripts, "exit with 0 if the service's container runs, with 1 if not", ctl.CheckMain),
	verbs.Plain("config", "[FILE]", forScripts, "exit with 0 if host.json is right, with 1 and the reason if not", ctl.ConfigMain),
	verbs.Of("handover", "", forScripts, "restart runners, sidecars, networks' agents and rundockd store,\nand no container: after an upgrade", ctl.HandoverMain),
	verbs.Of("store", "check", forScripts, "exit with 0 if rundockd store answers, with 1 and the reason if not", become("store")),

	verbs.Plain("run", "DIR", byRunsv, "keep the container of DIR/service.json running", runner.Main),
	verbs.Plain("announce", "DIR", byRunsv, "announce the service of DIR/announce.json while it is healthy", sidecar.Main),
	verbs.Of("render", "", byRunsv, "keep the files of this host's templates as the store says; see render --help", become("render")),
	verbs.Of("overlay", "run NAME", byRunsv, "keep this host's part of an overlay network", overlayctl.Main),
	verbs.Of("balance", "", byRunsv, "keep this host's HAProxy as settings, records and switches say", balancer.Main),
	verbs.Of("filter", "", byRunsv, "keep this host's packet filter", filterer.Main),
	verbs.Of("metrics", "", byRunsv, "tell this host's figures to Prometheus; see metrics --help", exporter.Main(version)),
	verbs.Of("ship", "", byRunsv, "ship this host's logs to a receiver of syslog or fluentd's protocol", shipper.Main),
	verbs.Of("images", "serve ...", byRunsv, "take TLS before an image registry; see images --help", imageserver.Main),
	verbs.Of("store", "", byRunsv, "be this host's one connection to the store, for all others", become("store")),

	verbs.Of("stack", "ctl", forModules, "plan and lead the run of a stack, by a JSON request on stdin", become("stack")),
	verbs.Of("ctl", "", forModules, "JSON requests on stdin, a response on stdout for each", ctl.Main),
	verbs.Of("audit", "ctl", forModules, "the same, by a JSON request on stdin", audit.Main(version)),
	verbs.Of("cert", "ctl", forModules, "make, sign and install certificates, by a JSON request on stdin", certificates.Main),
	verbs.Of("images", "user ...", forModules, "have this host be a user of an image registry", imageserver.Main),
	verbs.Plain("reap", "DIR", forModules, "have supervisors that were left behind in DIR/* make way", ctl.ReapMain),
	verbs.Plain("stop", "DIR", forModules, "stop the container of DIR/service.json, as its runner would", runner.StopMain),
	verbs.Plain("withdraw", "DIR", forModules, "withdraw the service of DIR/announce.json, as its sidecar would", sidecar.WithdrawMain),
}

var program = verbs.Program{
	Name: "rundockd", Version: version, Verbs: commands,
	About: "containers as supervised services of this host, announced while they are healthy",
	More:  "Each says more with --help.",
	Files: []string{
		"/etc/rundock/host.json  What this host is, for all that runs on it; rundockd config checks it.",
		"/etc/sv/docker-NAME/  The service directory of NAME, which runsv supervises.",
		"/run/rundock/  What processes say of themselves, and their locks.",
		"/var/log/docker-NAME/  What the container prints; announce/ below it is its sidecar's.",
	},
}

func main() { os.Exit(program.Main(os.Args[1:])) }
