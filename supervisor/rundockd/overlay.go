package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/supervisor/process"
)

// Where networks are described, and where their agents keep what outlives a
// boot.
const (
	overlaySettings = overlay.SettingsDir
	overlayKept     = overlay.KeptDir
)

const overlayUsage = `usage: rundockd overlay run NAME      keep network NAME; runsv starts this
       rundockd overlay try               whether this host could join the network whose
                                          settings are on stdin; nothing is changed
                                          --wait 30s: for a registry that is away
       rundockd overlay status [NAME...]  how networks stand; a line for each
       rundockd overlay peers NAME        the hosts of a network; a line for each
       rundockd overlay check [NAME...]   what would be changed to make the kernel
                                          hold what it should; nothing when all is right
       rundockd overlay explain ADDRESS   which host and container has it, and why it
                                          cannot be reached
       rundockd overlay leave NAME        remove what run made, and give the subnet back;
                                          --check: only say whether it can be
                                          --force: also while containers are attached,
                                          or while the registry cannot be asked
                                          --offline: only the latter
       rundockd overlay forget NAME HOST  free the subnet of a host that is gone for good:
                                          HOST is its name, machine id or subnet

Networks are described in /etc/rundock/overlay/NAME.json. Without names, status
and check speak of all of them. Exit codes: 0 all is right; 1 not everything
could be found out; 2 bad arguments; 3 something is wrong.
`

// overlayMain is `rundockd overlay`.
func overlayMain(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, overlayUsage)
		return exitUsage
	}
	switch verb, names := args[0], args[1:]; {
	case verb == "run" && len(names) == 1:
		process.KeepSmall()
		return overlayRun(names[0])
	case verb == "try":
		return overlayTry(names)
	case verb == "forget":
		return overlayForget(names)
	case verb == "leave":
		return overlayLeave(names)
	case verb == "status":
		return networks.Status(names)
	case verb == "peers":
		return networks.ListPeers(names)
	case verb == "explain":
		return networks.ExplainAddress(names)
	case verb == "check":
		return overlayCheck(names)
	case verb == "--help" || verb == "-h":
		fmt.Print(overlayUsage)
		return exitWell
	}
	fmt.Fprint(os.Stderr, overlayUsage)
	return exitUsage
}

// overlayRun keeps a network until it is told to leave: TERM and INT say that
// this host is not alive any more, HUP leaves that to a successor. What the
// kernel holds stays in any case: containers go on talking.
func overlayRun(name string) int {
	log := process.NewLogger().With("network", name)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go overlaySignals(cancel)
	unlock, err := process.TakeOver(ctx, filepath.Join(control.Dir, "overlay", name+".lock"), "overlay", log)
	if err != nil {
		log.Error("cannot keep the network", "err", err)
		process.Pause(ctx)
		return 100
	}
	defer unlock()
	digest := control.Digest(overlaySettings, []string{name + ".json"})
	a, err := newOverlayAgent(name, log)
	if err == nil {
		defer a.close()
		a.status.Digest = digest
		// What is opened belongs to the network namespace of a thread.
		runtime.LockOSThread()
		err = a.run(ctx)
	}
	if err != nil {
		log.Error("cannot keep the network", "err", err)
		status := control.OverlayStatus{Network: name, PID: os.Getpid(), Digest: digest, State: control.OverlayWaiting, Reason: err.Error()}
		if err := control.WriteOverlay(control.Dir, status); err != nil {
			log.Warn("the status is not written", "err", err)
		}
		process.Pause(ctx)
		return 100
	}
	return 0
}

func overlaySignals(cancel context.CancelCauseFunc) {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for s := range c {
		if s == syscall.SIGHUP {
			cancel(registry.ErrHandOver)
		} else {
			cancel(process.ErrStop)
		}
	}
}

// overlayPlace is a network and this host's place under it.
type overlayPlace struct {
	settings overlay.Settings
	host     hostconfig.Config // zero where no registry is needed and host.json is not there
	machine  string
	instance string // "": not known yet
	underlay overlay.Underlay
}

func findOverlay(name string) (p overlayPlace, err error) {
	settings, err := overlay.ReadSettings(overlaySettings, name)
	if err != nil {
		return p, err
	}
	return placeOverlay(settings)
}

func placeOverlay(settings overlay.Settings) (p overlayPlace, err error) {
	p.settings = settings
	p.host, err = hostconfig.Load(hostconfig.Path)
	if err != nil && (len(p.settings.Peers) == 0 || p.settings.Underlay == "") {
		return p, err
	}
	where := p.settings.Underlay
	if where == "" {
		private, err := p.host.PrivateAddress()
		if err != nil {
			return p, fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		where = private.String()
	}
	if p.underlay, err = overlay.FindUnderlay(where); err != nil {
		return p, err
	}
	if p.machine, err = machineID(); err != nil {
		return p, err
	}
	p.instance, err = readInstance()
	return p, err
}

func machineID() (string, error) {
	data, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return "", fmt.Errorf("find out which machine this is: %w", err)
	}
	id := strings.TrimSpace(string(data))
	if id == "" {
		return "", errors.New("find out which machine this is: /etc/machine-id is empty")
	}
	return id, nil
}

// identity is what the MACs of the network's devices follow from.
func (p overlayPlace) identity() string {
	if own, err := p.settings.Own(p.underlay.Address); err == nil {
		return own.Identity()
	}
	return p.machine
}

// wanted is what the kernel should hold, given what others are known to be.
func (p overlayPlace) wanted(k overlayKnown) (*overlay.Wanted, error) {
	h := overlay.Host{Machine: p.machine, Subnet: k.Subnet, Underlay: p.underlay.Address, Interface: p.underlay.Interface, MTU: p.underlay.MTU}
	if len(p.settings.Peers) > 0 {
		own, err := p.settings.Own(p.underlay.Address)
		if err != nil {
			return nil, err
		}
		h.Machine, h.Subnet = own.Identity(), own.Subnet
	}
	return overlay.NewWanted(p.settings.Network, h, k.Peers)
}

// newOverlayAgent reads the settings.
func newOverlayAgent(name string, log *slog.Logger) (*overlayAgent, error) {
	p, err := findOverlay(name)
	if err == nil {
		p.instance, err = makeInstance()
	}
	if err != nil {
		return nil, err
	}
	return &overlayAgent{
		overlayPlace: p, log: log, wake: make(chan struct{}, 1), due: make(chan struct{}, 1), news: make(chan struct{}, 1), ready: make(chan struct{}),
		attach: make(chan struct{}, 1), parts: make(chan dockerPart),
		status: control.OverlayStatus{Network: name, PID: os.Getpid(), Bridge: p.settings.Bridge(), Vxlan: p.settings.Vxlan(), Underlay: p.underlay.Address.String()},
	}, nil
}
