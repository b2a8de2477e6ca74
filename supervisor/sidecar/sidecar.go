package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor"
	"rundock/supervisor/announcing"
	"rundock/supervisor/process"
)

// Main is `rundockd announce DIR`. The exit code is 0 when it was
// told to leave, 100 for what only an operator can mend.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd announce DIR\nDIR holds announce.json; runsv starts this.")
		return 100
	}
	process.KeepSmall()
	s := newSidecar(args[0])
	go s.signals()
	return process.ExitCode(s.main())
}

// WithdrawMain is `rundockd withdraw DIR`: what a sidecar does that is told to
// stop. The finish script calls it for one that was told so before it could
// listen, and for one whose successor never came.
func WithdrawMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd withdraw DIR\nDIR holds announce.json; the sidecar's finish script calls this.")
		return 100
	}
	s := newSidecar(args[0])
	s.stop()
	go s.signals()
	return process.ExitCode(s.main())
}

// sidecar announces one service for as long as it lives.
type sidecar struct {
	dir     string // its service directory, with announce.json
	log     *slog.Logger
	wanted  supervisor.Announce
	digest  string          // of the files that it read there
	ctx     context.Context // ends at the first signal to leave
	leave   context.CancelCauseFunc
	stopped context.Context // ends at TERM, be it after a HUP
	stop    func()
	wish    chan func(*announce.Announcer) // the last of USR1 and USR2
	last    control.AnnounceStatus         // of the status file; a predecessor's until there is more to say
}

func newSidecar(dir string) *sidecar {
	s := &sidecar{dir: dir, log: process.NewLogger(), wish: make(chan func(*announce.Announcer), 1)}
	s.ctx, s.leave = context.WithCancelCause(context.Background())
	stopped, stop := context.WithCancelCause(context.Background())
	s.stopped, s.stop = stopped, func() { stop(process.ErrStop); s.leave(process.ErrStop) }
	return s
}

// main runs until the sidecar is told to leave.
func (s *sidecar) main() int {
	code, err := s.setUpAndAnnounce()
	if err != nil {
		s.log.Error("cannot announce", "err", err)
		process.Pause(s.ctx)
		return 100
	}
	return code
}

// setUpAndAnnounce reads announce.json and takes the lock over, then announces.
// Errors come from the setup only.
func (s *sidecar) setUpAndAnnounce() (int, error) {
	s.digest = control.Digest(s.dir, control.SidecarReads)
	var err error
	if s.wanted, err = supervisor.ReadAnnounce(filepath.Join(s.dir, "announce.json")); err != nil {
		return 0, err
	}
	s.log = s.log.With("service", s.wanted.Service)
	// Told to stop meanwhile, it still has to withdraw what a predecessor leaves.
	unlock, err := process.TakeOver(context.WithoutCancel(s.ctx), filepath.Join(control.Dir, s.wanted.Service, "announcer.lock"), "announce", s.log)
	if err != nil {
		return 0, err
	}
	defer unlock()
	s.inherit()
	handedOver, err := s.announce(s.ctx)
	if handedOver {
		alone := process.NoSuccessor(s.dir, func() bool { return s.stopped.Err() != nil })
		switch {
		case s.stopped.Err() != nil:
			s.log.Info("told to stop as well, so that no successor withdraws")
			_, err = s.announce(s.stopped)
		case !alone:
			return process.HandedOver, nil
		}
	}
	if err != nil {
		s.say(control.AnnounceStatus{Service: s.wanted.Service, State: control.Unhealthy, Reason: err.Error(), Keys: s.last.AllKeys(), Since: time.Now()})
	}
	return 0, err
}

// inherit reads what a predecessor has said, and so which keys it may have left.
func (s *sidecar) inherit() {
	var err error
	if s.last, err = control.ReadAnnounce(control.Dir, s.wanted.Service); err != nil {
		s.log.Warn("what a predecessor announced is not known: what is not to be announced any more stays until its lease ends", "err", err)
	}
}

// note has the status file name keys before any of them is claimed: a successor
// withdraws those that it does not announce, however this sidecar ends.
func (s *sidecar) note(keys []string) {
	s.last.Service, s.last.Keys = s.wanted.Service, keys
	s.write()
}

// beat gives the status file the present time, or writes it anew where it is
// gone.
func (s *sidecar) beat() {
	if err := control.BeatAnnounce(control.Dir, s.wanted.Service); errors.Is(err, fs.ErrNotExist) {
		s.say(s.last)
	}
}

// say has the status file say status, of this process.
func (s *sidecar) say(status control.AnnounceStatus) {
	if status.State == control.Withdrawn && !s.wanted.Container {
		if why, drained := control.ReadDrain(hostconfig.StateDir); drained {
			status.Drained, status.Reason = true, why.String()
		}
	}
	status.PID, status.Digest = os.Getpid(), s.digest
	s.last = status
	s.write()
}

// write writes the status file. That it cannot be written must not stop the
// service.
func (s *sidecar) write() {
	if err := control.WriteAnnounce(control.Dir, s.last); err != nil {
		s.log.Warn("the status is not written", "err", err)
	}
}

// signals: TERM withdraws and leaves, also after HUP, which leaves the keys to
// a successor; USR1 withdraws until another container is up, and USR2 undoes
// that.
func (s *sidecar) signals() {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	for told := range c {
		switch told {
		case syscall.SIGHUP:
			s.leave(registry.ErrHandOver)
		case syscall.SIGUSR1:
			s.wants((*announce.Announcer).Withdraw)
		case syscall.SIGUSR2:
			s.wants((*announce.Announcer).Resume)
		default:
			s.stop()
		}
	}
}

// wants has the announcements be as they were asked for last. Only signals calls it.
func (s *sidecar) wants(wish func(*announce.Announcer)) {
	select {
	case <-s.wish: // what was not done yet is overtaken
	default:
	}
	s.wish <- wish
}

// announce runs until ctx is done, or the host has other addresses than
// those that are announced: then it hands over to a successor that knows them.
// handedOver says that it has left the keys to one. Errors come from the setup
// only.
func (s *sidecar) announce(ctx context.Context) (handedOver bool, err error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return false, err
	}
	cfg, err := announcing.Config(s.wanted, host)
	if err != nil {
		return false, err
	}
	cfg.Inherited = s.last.AllKeys()
	store, own, err := open.Records(host, s.log)
	if err != nil {
		return false, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	cfg.Released = rotation{store: own, service: cfg.Service, colour: s.wanted.Colour, at: places(cfg), log: s.log}.released
	docker, err := container.Open()
	if err != nil {
		return false, err
	}
	announcer, err := announce.New(cfg, store, s.say, s.log)
	if err != nil {
		return false, err
	}
	s.note(announcer.Keys())
	go func() {
		if _, drained := control.ReadDrain(hostconfig.StateDir); drained && !s.wanted.Container {
			announcer.Withdraw()
		}
		for wish := range s.wish {
			wish(announcer)
		}
	}()
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	go func() {
		for pause.For(ctx, control.Beat) == nil {
			announcer.Alive(s.beat)
		}
	}()
	go func() {
		used := addresses(cfg)
		if to, ok := hostconfig.Moved(ctx, hostconfig.AddressLook, used, func() (string, error) { return addressesNow(s.wanted) }); ok {
			s.log.Warn("the host's addresses have changed: starting anew", "from", used, "to", to)
			leave(registry.ErrHandOver)
		}
	}()
	if s.wanted.Colour != "" {
		colours := colours{store: own, service: cfg.Service, own: s.wanted.Colour, on: announcer.Active, log: s.log}
		followed := make(chan struct{})
		defer func() { <-followed }() // before the store is closed
		go func() {
			defer close(followed)
			colours.follow(ctx)
		}()
	}
	if s.wanted.Container {
		go docker.Follow(ctx, s.wanted.Service, s.follower(announcer))
	}
	err = announcer.Run(ctx)
	return context.Cause(ctx) == registry.ErrHandOver, err
}

// follower has a know what becomes of the container.
func (s *sidecar) follower(a *announce.Announcer) container.Follower {
	said := false
	return container.Follower{
		State: func(now container.State) {
			if now.Unwatched != nil && !said {
				said = true
				s.log.Info("the container's end is known when dockerd tells of it, and not before", "why", now.Unwatched)
			}
			succession := successionOf(control.Dir, s.wanted.Service)
			if succession.Renaming && !now.Exists && now.Unreachable == nil {
				return // in a moment it has the name, or the one that had it
			}
			i := announcing.Instance(now)
			if now.ID != "" && now.ID == succession.To {
				i.Succeeds = succession.From
			}
			i.CutOff = cutOff(control.Dir, now)
			if now.Paused && suspended(control.Dir, s.wanted.Service, now, time.Now()) {
				i.Paused, i.Suspended = false, true
			}
			a.Instance(i)
		},
		Ended: func(run container.State) { a.Ended(run.ID, run.StartedAt) },
	}
}
