package exporter

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

// host is where a host keeps what it tells.
type host struct {
	folders runit.Folders
	status  string // control.Dir
	state   string // hostconfig.StateDir
	version string
	lives   func(pid int, verb string) bool // process.IsRundockd
}

var (
	phases   = []control.Phase{control.Pulling, control.Backoff, control.Running, control.Stopping, control.Stopped, control.Left, control.Drained, control.Standby, control.Ended, control.Waiting}
	announce = []control.AnnounceState{control.Announced, control.Unhealthy, control.Conflict, control.Unreached, control.Draining, control.Withdrawn, control.StandsBy}
	overlays = []control.OverlayState{control.OverlayUp, control.OverlayWaiting, control.OverlayFenced}
)

// page reads the status files of the host: it asks nobody, so that it answers while dockerd
// and store are away. What cannot be read is counted.
func (h host) page() *page {
	p := &page{}
	p.add(gauge, "rundock_build_info", "Always 1; the version is a label.", 1, "version", h.version)
	_, drained := control.ReadDrain(h.state)
	p.add(gauge, "rundock_host_drained", "1 while the host is drained.", truth(drained))
	unread := 0
	for _, read := range []func(*page) error{h.services, h.store, h.networks, h.templates, h.balancer, h.filter, h.shipping} {
		if err := read(p); err != nil {
			unread++
		}
	}
	p.add(gauge, "rundock_status_unreadable", "Parts of the host whose status files cannot be read; rundockd status says why.", float64(unread))
	return p
}

// services are runners and sidecars.
func (h host) services(p *page) (bad error) {
	for _, name := range (report.Services{Folders: h.folders, Status: h.status}).Names() {
		runner, err := control.ReadRunner(h.status, name)
		if err != nil {
			bad = err
		}
		sidecar, err := control.ReadAnnounce(h.status, name)
		if err != nil {
			bad = err
		}
		enabled, err := h.folders.Enabled(supervisor.Prefix + name)
		if err != nil {
			bad = err
		}
		p.add(gauge, "rundock_service_enabled", "1 where the service is to run on this host; stack and slot are empty where it is of none.", truth(enabled),
			"service", name, "stack", sidecar.Stack, "slot", sidecar.Slot, "colour", sidecar.Colour)
		if runner.Service != "" {
			p.add(gauge, "rundock_runner_up", "1 while the service's runner is alive.", truth(h.lives(runner.PID, "run")), "service", name)
			states(p, "rundock_runner_phase", "What the runner does: 1 for the phase it is in.", phases, runner.Phase, "service", name)
			p.add(gauge, "rundock_runner_phase_since_timestamp_seconds", "When that phase began.", seconds(runner.Since), "service", name)
			p.add(gauge, "rundock_runner_crashes", "Ends in a row that came too soon.", float64(runner.Crashes), "service", name)
			p.add(gauge, "rundock_runner_trouble", "1 while something is wrong that rundockd explain tells of.", truth(runner.Error != "" && !runner.Phase.Idles() || runner.Warning != ""), "service", name)
			p.add(gauge, "rundock_container_started_timestamp_seconds", "When the container was started; 0 where none is.", seconds(runner.Started), "service", name)
		}
		if sidecar.Service != "" {
			p.add(gauge, "rundock_sidecar_up", "1 while the service's sidecar is alive.", truth(h.lives(sidecar.PID, "announce")), "service", name)
			states(p, "rundock_sidecar_state", "What the sidecar does: 1 for the state it is in.", announce, sidecar.Beside(runner).State, "service", name)
			p.add(gauge, "rundock_sidecar_state_since_timestamp_seconds", "When that state began.", seconds(sidecar.Since), "service", name)
			p.add(gauge, "rundock_sidecar_records", "Records that it announces, or would.", float64(len(sidecar.Records)), "service", name)
			p.add(gauge, "rundock_sidecar_second_store_lacks", "1 while the second of two stores lacks records.", truth(sidecar.Lacks != ""), "service", name)
		}
	}
	return bad
}

// store is rundockd store, where there is one.
func (h host) store(p *page) error {
	s, err := control.ReadStore(h.status)
	if err != nil || s.Version == 0 {
		return err
	}
	p.add(gauge, "rundock_store_agent_up", "1 while rundockd store is alive and says so.",
		truth(h.lives(s.PID, "store") && control.StoreMute(h.status, time.Now()) == 0))
	for _, of := range s.Stores {
		p.add(gauge, "rundock_store_up", "1 while the store can be used from this host.", truth(of.Reason == "" && s.Reason == ""), "store", of.Name)
		p.add(gauge, "rundock_store_clients", "Processes of this host that use the store.", float64(of.Clients), "store", of.Name)
		p.add(gauge, "rundock_store_records", "Keys that those hold.", float64(of.Records), "store", of.Name)
		p.add(gauge, "rundock_store_watches", "Watches of the store.", float64(of.Watches), "store", of.Name)
	}
	return nil
}

// networks are the overlay networks.
func (h host) networks(p *page) (bad error) {
	for _, name := range named(filepath.Join(h.status, "overlay")) {
		s, err := control.ReadOverlay(h.status, name)
		if err != nil {
			bad = err
			continue
		}
		p.add(gauge, "rundock_overlay_agent_up", "1 while the network's agent is alive and says so.", truth(h.lives(s.PID, "overlay") && s.Mute(control.Clock()) == 0), "network", name)
		states(p, "rundock_overlay_state", "How the network stands on this host: 1 for the state it is in.", overlays, s.State, "network", name)
		p.add(gauge, "rundock_overlay_peers", "Other hosts of the network.", float64(s.Peers), "network", name)
		p.add(gauge, "rundock_overlay_silent_peers", "Of those, that answer nothing in the network.", float64(s.Silent), "network", name)
		p.add(gauge, "rundock_overlay_narrow_peers", "Of those, to which only smaller packets pass.", float64(s.Narrow), "network", name)
		p.add(gauge, "rundock_overlay_fault", "1 while something of the host is wrong that the agent leaves to others.", truth(s.Fault != "" || s.Unsaved != ""), "network", name)
		p.add(counter, "rundock_overlay_changes_total", "Changes of the kernel since the agent started.", float64(s.Changes), "network", name)
		p.add(counter, "rundock_overlay_healed_total", "Of those, that put right what others had changed.", float64(s.Healed), "network", name)
	}
	return bad
}

// templates are the renderer's files.
func (h host) templates(p *page) (bad error) {
	for _, name := range named(filepath.Join(h.status, "templates")) {
		s, err := control.ReadTemplate(h.status, name)
		if err != nil {
			bad = err
			continue
		}
		p.add(gauge, "rundock_template_renderer_up", "1 while the renderer of the file is alive.", truth(h.lives(s.PID, "render")), "template", name)
		states(p, "rundock_template_state", "Whether the file is current, or the last good one is kept: 1 for the state it is in.",
			[]control.TemplateState{control.TemplateCurrent, control.TemplateKept}, s.State, "template", name)
		p.add(gauge, "rundock_template_changed_timestamp_seconds", "When the file was replaced last.", seconds(s.Changed), "template", name)
		p.add(gauge, "rundock_template_reload_owed", "1 while the file is newer than the last reload.", truth(s.ReloadOwed), "template", name)
		p.add(counter, "rundock_template_writes_total", "Times that the file was replaced since the renderer started.", float64(s.Writes), "template", name)
		p.add(counter, "rundock_template_reloads_total", "Reloads that succeeded since then.", float64(s.Reloads), "template", name)
	}
	return bad
}

// balancer is the load balancer, and the switches of the services that it balances.
func (h host) balancer(p *page) error {
	s, err := control.ReadBalance(h.status)
	if err != nil || s.Version == 0 {
		return err
	}
	p.add(gauge, "rundock_balancer_up", "1 while rundockd balance is alive.", truth(h.lives(s.PID, "balance")))
	p.add(gauge, "rundock_haproxy_up", "1 while HAProxy answers.", truth(s.HAProxy != ""))
	p.add(gauge, "rundock_balancer_store_up", "1 while the balancer reaches the store.", truth(s.Store == ""))
	p.add(gauge, "rundock_balancer_problems", "What is wrong with the load balancer; rundockd balance status names it.", float64(len(s.Problems)))
	p.add(counter, "rundock_balancer_reloads_total", "Reloads of HAProxy that were asked for since the balancer started.", float64(s.Reloads))
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		of := s.Services[name]
		p.add(gauge, "rundock_switch_under_way", "1 while a switch of colours is under way.", truth(of.Phase != "" && of.Phase != string(cutover.Settled)), "service", name, "phase", of.Phase)
		p.add(gauge, "rundock_balancer_traffic_since_timestamp_seconds", "When the backend got the traffic.", seconds(of.Since), "service", name, "backend", of.Backend)
		for _, backend := range slices.Sorted(maps.Keys(of.Backends)) {
			servers := of.Backends[backend]
			active := truth(backend == of.Backend)
			p.add(gauge, "rundock_balancer_active", "1 for the backend that has the service's traffic.", active, "service", name, "backend", backend)
			p.add(gauge, "rundock_balancer_servers", "Servers that have an instance.", float64(servers.Servers), "service", name, "backend", backend)
			p.add(gauge, "rundock_balancer_servers_up", "Of those, that are up.", float64(servers.Up), "service", name, "backend", backend)
		}
	}
	return nil
}

// filter is the packet filter.
func (h host) filter(p *page) error {
	s, err := control.ReadFilter(h.status)
	if err != nil || s.Version == 0 {
		return err
	}
	p.add(gauge, "rundock_filter_up", "1 while rundockd filter is alive and says so.", truth(h.lives(s.PID, "filter") && s.Mute(control.Clock()) == 0))
	p.add(gauge, "rundock_filter_trouble", "1 while the table may not be as it is to be.", truth(s.Reason != "" || s.Docker != ""))
	p.add(counter, "rundock_filter_changes_total", "Times that the table was put since the filter started.", float64(s.Changes))
	p.add(counter, "rundock_filter_healed_total", "Of those, as others had changed it.", float64(s.Healed))
	return nil
}

// shipping is that of logs.
func (h host) shipping(p *page) error {
	s, err := control.ReadShip(h.status)
	if err != nil || s.Version == 0 {
		return err
	}
	p.add(gauge, "rundock_ship_up", "1 while rundockd ship is alive and says so.", truth(h.lives(s.PID, "ship") && s.Mute(control.Clock()) == 0))
	p.add(gauge, "rundock_ship_trouble", "1 while nothing is shipped, or a log is not read; rundockd ship status says why.", truth(s.Reason != "" || s.Unread != ""))
	p.add(gauge, "rundock_ship_failing_since_timestamp_seconds", "Since when nothing is shipped; 0 while lines are.", seconds(s.Failing))
	p.add(gauge, "rundock_ship_acknowledged_timestamp_seconds", "When the receiver last acknowledged lines; 0: not since the start.", seconds(s.Arrived))
	p.add(gauge, "rundock_ship_buffered_lines", "Lines that the receiver has not acknowledged.", float64(s.Lines))
	p.add(gauge, "rundock_ship_buffer_bytes", "What the buffer takes on disk.", float64(s.Bytes))
	p.add(gauge, "rundock_ship_buffer_limit_bytes", "What it may take.", float64(s.Limit))
	p.add(counter, "rundock_ship_lines_total", "Lines that the receiver has acknowledged since the start.", float64(s.Shipped))
	p.add(counter, "rundock_ship_lost_lines_total", "Lines that went as the buffer was full, ever.", float64(s.Lost))
	p.add(counter, "rundock_ship_removed_files_total", "Times that svlogd removed files before they were read, since the start.", float64(s.Removed))
	return nil
}

// named are the names of the status files in dir, sorted.
func named(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // none: there is nothing of the kind
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names
}
