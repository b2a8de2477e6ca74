package domains

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/pause"
)

// unwatchedPause is between two looks at the folder where the kernel does not tell of changes: there are
// too many watches already, or neither the folder nor the one it is in is there.
const unwatchedPause = 5 * time.Second

// changes are what the kernel tells of a folder: files come and go by rename.
const changes = unix.IN_CREATE | unix.IN_CLOSE_WRITE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF

// Run has Of know of each change of the folder, until ctx is done: a container of a new
// network may ask at once.
func (n *Networks) Run(ctx context.Context) {
	told, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		n.Log.Warn("changes of this host's networks are looked for now and then", "err", err)
		n.poll(ctx)
		return
	}
	file := os.NewFile(uintptr(told), "inotify")
	defer context.AfterFunc(ctx, func() { file.Close() })()
	buffer := make([]byte, 4096)
	for ctx.Err() == nil {
		// Watched before it is read, so that no change is between the two.
		if n.watch(told) != nil {
			file.SetReadDeadline(time.Now().Add(unwatchedPause))
		} else {
			file.SetReadDeadline(time.Time{})
		}
		n.Load()
		if _, err := file.Read(buffer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return // it was closed
		}
	}
}

// watch has the kernel tell of the folder, and of its coming: an error says that it
// cannot.
func (n *Networks) watch(told int) error {
	_, err := unix.InotifyAddWatch(told, filepath.Dir(n.Dir), unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	if _, err := unix.InotifyAddWatch(told, n.Dir, changes|unix.IN_ONLYDIR); err == nil {
		return nil
	}
	return err
}

// poll is Run without the kernel's help.
func (n *Networks) poll(ctx context.Context) {
	for {
		n.Load()
		if pause.For(ctx, unwatchedPause) != nil {
			return
		}
	}
}
