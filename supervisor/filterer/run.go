package filterer

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/nft/live"
	"rundock/internal/pause"
	"rundock/internal/sitefilter"
	"rundock/supervisor/process"
)

const (
	lookPause   = time.Second            // between looks at what sidecars announce, and which devices there are
	auditPause  = 10 * time.Second       // between looks at the kernel when it tells of no change
	burstPause  = 100 * time.Millisecond // in which the changes of others are looked at together
	dockerPause = 5 * time.Second        // before dockerd is asked again that did not answer
	dockerQuiet = 30 * time.Second       // between looks at dockerd when it tells of no change
)

// filterer keeps the table. All but the channels is its loop's.
type filterer struct {
	settings sitefilter.Settings
	dir      string // with status files, control.Dir
	conn     *live.Conn
	docker   *container.Client
	log      *slog.Logger
	said     complaint.Memory

	announced announced
	outlets   chan outlets  // what dockerd says
	disturbed chan struct{} // holds one token when somebody has changed the table

	published outlets
	kept      sitefilter.Surroundings // with which the table was last as it is to be
	status    control.FilterStatus
}

// outlets are what dockerd said, or why it says nothing.
type outlets struct {
	container.Outlets
	known bool
	err   error
}

func newFilterer(s sitefilter.Settings, digest string, conn *live.Conn, docker *container.Client, last control.FilterStatus, log *slog.Logger) *filterer {
	f := &filterer{settings: s, dir: control.Dir, conn: conn, docker: docker, log: log, outlets: make(chan outlets), disturbed: make(chan struct{}, 1)}
	f.status = control.FilterStatus{PID: os.Getpid(), Since: time.Now(), Digest: digest, Devices: last.Devices, Confined: last.Confined, Ports: last.Ports}
	return f
}

// run keeps the table until ctx is done.
func (f *filterer) run(ctx context.Context) error {
	go f.followDocker(ctx)
	go f.followKernel(ctx)
	look, audit := time.NewTicker(lookPause), time.NewTicker(auditPause)
	defer look.Stop()
	defer audit.Stop()
	for first := true; ; first = false {
		due := first
		select {
		case <-ctx.Done():
			return nil
		case o := <-f.outlets:
			f.status.Docker = oneLine(o.err)
			if o.known {
				f.published = o
			}
			due = true
		case <-f.disturbed:
			due = pause.For(ctx, burstPause) == nil
		case <-audit.C:
			due = true
		case <-look.C:
		}
		if around := f.around(); due || !equal(around, f.kept) {
			f.keep(around)
		}
	}
}

func equal(a, b sitefilter.Surroundings) bool {
	return slices.Equal(a.Devices, b.Devices) && slices.Equal(a.Confined, b.Confined) && slices.Equal(a.Ports, b.Ports)
}

// around is what there is now. What dockerd has not said yet is what the predecessor knew.
func (f *filterer) around() sitefilter.Surroundings {
	around := sitefilter.Surroundings{Devices: namedDevices(), Ports: f.announced.ports(f.dir)}
	if !f.published.known {
		last := knownFrom(f.status)
		around.Devices, around.Ports = append(around.Devices, last.Devices...), append(around.Ports, last.Ports...)
		around.Confined = last.Confined
	}
	for _, bridge := range f.published.Bridges {
		around.Devices = append(around.Devices, bridge.Device)
	}
	around.Confined = append(around.Confined, confinedDevices(f.published.Bridges)...)
	around.Ports = append(around.Ports, publishedPorts(f.published.Outlets)...)
	return around.Normal()
}

// keep has the kernel hold the table, and says how it stands.
func (f *filterer) keep(around sitefilter.Surroundings) {
	due, err := compare(f.conn, f.settings, around)
	if err == nil && due != nil {
		if err = due.put(f.conn); err == nil {
			f.status.Changes++
			f.status.Changed = time.Now()
			if f.status.Changes > 1 && equal(around, f.kept) {
				f.status.Healed++
				f.log.Warn("put right what others had changed", "table", sitefilter.TableName)
			} else {
				f.log.Info("put the table", "table", sitefilter.TableName, "devices", len(around.Devices), "ports", len(around.Ports))
			}
		}
	}
	if err == nil {
		f.kept = around
		f.status.Devices, f.status.Confined, f.status.Ports = around.Devices, around.Confined, portTexts(around.Ports)
	} else {
		f.complain("the table is not as it is to be", err)
		f.reopen()
	}
	f.status.Reason = oneLine(err)
	f.status.Beat = control.Clock()
	if err := control.WriteFilter(f.dir, f.status); err != nil {
		f.complain("cannot say how the packet filter stands", err)
	}
}

// reopen takes a new connection to the kernel: after an exchange that failed, the rest of its
// answer would be taken for that to the next question.
func (f *filterer) reopen() {
	if conn, err := live.Open(); err == nil {
		f.conn.Close()
		f.conn = conn
	}
}

func (f *filterer) complain(what string, err error) {
	if f.said.News(time.Now(), what+err.Error()) {
		f.log.Warn(what, "err", err)
	}
}

// followDocker tells what dockerd says after each change and at quiet times, until ctx is done.
func (f *filterer) followDocker(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.docker.FollowOutlets(ctx, dockerQuiet, func() {
			o, err := f.docker.Outlets(ctx)
			f.tell(ctx, outlets{o, err == nil, err})
		})
		if err != nil {
			f.tell(ctx, outlets{err: err})
		}
		if pause.For(ctx, dockerPause) != nil {
			return
		}
	}
}

func (f *filterer) tell(ctx context.Context, o outlets) {
	select {
	case f.outlets <- o:
	case <-ctx.Done():
	}
}

// followKernel tells when somebody has changed the table, until ctx is done.
func (f *filterer) followKernel(ctx context.Context) {
	disturb := func() {
		select {
		case f.disturbed <- struct{}{}:
		default: // it knows
		}
	}
	var said complaint.Memory
	for ctx.Err() == nil {
		if err := live.Watch(ctx, sitefilter.TableName, disturb); err != nil && said.News(time.Now(), err.Error()) {
			f.log.Warn("the kernel tells of no change: the table is looked at now and then", "err", err)
		}
		process.Pause(ctx)
	}
}
