package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/supervisor"
)

// keyPrefix is where records live in etcd.
const keyPrefix = "/skydns"

// setupPause keeps a sidecar that cannot start, say for a broken host.json,
// from filling its log: it says why once, and is started anew after this.
const setupPause = 5 * time.Second

// announceMain is `rundockd announce DIR`. The exit code is 0 when it was
// told to leave, 100 for what only an operator can mend.
func announceMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd announce DIR\nDIR holds announce.json; runsv starts this.")
		return 100
	}
	log := newLogger()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	withdraw := make(chan struct{}, 1)
	go announceSignals(cancel, withdraw)

	digest := control.Digest(args[0], control.AnnouncerReads)
	wanted, err := supervisor.ReadAnnounce(filepath.Join(args[0], "announce.json"))
	if err != nil {
		log.Error("cannot announce", "err", err)
		pause(ctx)
		return 100
	}
	log = log.With("service", wanted.Service)
	unlock, err := takeOver(ctx, filepath.Join(control.Dir, wanted.Service, "announcer.lock"), "announce", log)
	if err != nil {
		log.Error("cannot announce", "err", err)
		pause(ctx)
		return 100
	}
	defer unlock()
	say := func(s control.AnnounceStatus) {
		s.PID, s.Digest = os.Getpid(), digest
		if err := control.WriteAnnounce(control.Dir, s); err != nil {
			log.Warn("the status is not written", "err", err)
		}
	}
	if err := announceService(ctx, wanted, withdraw, say, log); err != nil {
		log.Error("cannot announce", "err", err)
		say(control.AnnounceStatus{Service: wanted.Service, State: control.Unhealthy, Reason: err.Error(), Since: time.Now()})
		pause(ctx)
		return 100
	}
	return 0
}

// announceSignals: TERM withdraws and leaves, HUP leaves the keys to a
// successor, USR1 withdraws until another container is up.
func announceSignals(cancel context.CancelCauseFunc, withdraw chan<- struct{}) {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1)
	for s := range c {
		switch s {
		case syscall.SIGHUP:
			cancel(registry.ErrHandOver)
		case syscall.SIGUSR1:
			select {
			case withdraw <- struct{}{}:
			default:
			}
		default:
			cancel(errStop)
		}
	}
}

// announceService runs until ctx is done, or the host has other addresses than
// those that are announced: then it hands over to a successor that knows them.
// An error is one of the setup.
func announceService(ctx context.Context, wanted supervisor.Announce, withdraw <-chan struct{}, say func(control.AnnounceStatus), log *slog.Logger) error {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	cfg, err := announceConfig(wanted, host)
	if err != nil {
		return err
	}
	etcd, err := registry.Open(registry.Config(host.Etcd), log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer etcd.Close()
	docker, err := container.Open()
	if err != nil {
		return err
	}
	announcer, err := announce.New(cfg, etcd, say, log)
	if err != nil {
		return err
	}
	go func() {
		for range withdraw {
			announcer.Withdraw()
		}
	}()
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	go func() {
		used := addresses(cfg)
		if to, ok := moved(ctx, addressLook, used, func() (string, error) { return addressesNow(wanted) }); ok {
			log.Warn("the host's addresses have changed: starting anew", "from", used, "to", to)
			leave(registry.ErrHandOver)
		}
	}()
	if wanted.Container {
		go docker.Follow(ctx, wanted.Service, func(s container.State) { announcer.Instance(instance(s)) })
	}
	return announcer.Run(ctx)
}

func pause(ctx context.Context) { wait(ctx, setupPause) }

// announceConfig joins what announce.json says and what this host is.
func announceConfig(wanted supervisor.Announce, host hostconfig.Config) (announce.Config, error) {
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return announce.Config{}, fmt.Errorf("find out who announces: %w", err)
	}
	id := strings.TrimSpace(string(machine))
	if id == "" {
		return announce.Config{}, errors.New("find out who announces: /etc/machine-id is empty")
	}
	cfg := announce.Config{
		Identity:  announce.Identity{Prefix: keyPrefix, Zone: host.Zone(), Service: wanted.Service, Host: host.Host, ID: id + "/" + wanted.Service},
		Contained: wanted.Container,
		Drain:     time.Duration(wanted.Drain) * time.Second,
	}
	for _, a := range wanted.Announces {
		p, err := announcePort(a, host)
		if err != nil {
			return announce.Config{}, fmt.Errorf("announce %s: port %d: %w", wanted.Service, a.Port, err)
		}
		cfg.Ports = append(cfg.Ports, p)
	}
	return cfg, nil
}

// addresses are those that are announced, in the order of the ports.
func addresses(cfg announce.Config) string {
	var list []string
	for _, p := range cfg.Ports {
		list = append(list, p.Address.String())
	}
	return strings.Join(list, " ")
}

// addressesNow are those that a sidecar started now would announce.
func addressesNow(wanted supervisor.Announce) (string, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return "", err
	}
	cfg, err := announceConfig(wanted, host)
	return addresses(cfg), err
}

func announcePort(a supervisor.Announcement, host hostconfig.Config) (announce.Port, error) {
	p := announce.Port{
		Name: a.Name, Network: a.Network, Port: a.Port, Inner: a.ContainerPort, Protocol: a.Protocol,
		Priority: a.Priority, Weight: a.Weight, Tags: a.Tags, Meta: a.Meta,
		Lease: time.Duration(a.Lease) * time.Second,
	}
	var err error
	switch a.As {
	case "private", "":
		p.Address, err = host.PrivateAddress()
	case "public":
		p.Address, err = host.PublicAddress()
	case "container":
		p.Address = netip.Addr{} // the container's own
	default:
		err = fmt.Errorf("as %q: want public, private or container", a.As)
	}
	if err != nil || a.Check == nil {
		return p, err
	}
	c := a.Check
	p.Check = announce.Check{Type: announce.CheckType(c.Type), Path: c.Path, Command: c.Command, Port: c.Port, Rise: c.Rise, Fall: c.Fall}
	if p.Check.Interval, err = duration("interval", c.Interval); err != nil {
		return p, err
	}
	p.Check.Timeout, err = duration("timeout", c.Timeout)
	return p, err
}

// duration reads a check's setting; "" is 0, the default.
func duration(setting, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("check %s %q: want a duration such as 1s or 500ms", setting, text)
	}
	return d, nil
}

// instance is what the announcer needs to know of a container.
func instance(s container.State) announce.Instance {
	if s.Unchecked {
		return announce.Instance{Unknown: fmt.Errorf("docker cannot run the HEALTHCHECK: %s", strings.TrimSpace(s.HealthLog))}
	}
	return announce.Instance{
		Unknown: s.Unknown, Exists: s.Exists, Running: s.Running, Paused: s.Paused, ID: s.ID,
		Started: s.StartedAt, Finished: s.FinishedAt, ExitCode: s.ExitCode,
		Health: s.Health, HealthLog: s.HealthLog, Addresses: s.Addresses, HostNetwork: s.HostNetwork,
	}
}
