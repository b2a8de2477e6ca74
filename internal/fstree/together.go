package fstree

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Together is Apply for several directories at once. New ones reach the disk by
// one sync of their file system, which serves all callers that wait for it:
// with a sync for each file, as Apply does it, the syncs are most of what a call
// for fifty services takes. A sync of the file system also waits for what others
// have written there, so Apply is faster for a single directory.
//
// The zero value is ready for use. A nil one is Apply.
type Together struct {
	lane sync.Mutex // locked by who syncs

	mu   sync.Mutex
	next *round // that who comes now waits for
}

// A round is one sync, which begins after all who wait for it have written.
type round struct {
	done chan struct{}
	err  error
}

// Apply is the function of that name. It may be called from several goroutines
// at once, for directories of one folder.
func (t *Together) Apply(dir string, files []File, check bool) (Changes, error) {
	if t == nil {
		return Apply(dir, files, check)
	}
	return apply(dir, files, check, t)
}

// write implements writer: the file is synced with its file system.
func (t *Together) write(name string, f File) error {
	return created(name, func(w *os.File) error { return fill(w, f.Mode, f.Data) })
}

// sync implements writer.
func (t *Together) sync(folders ...string) error {
	t.mu.Lock()
	r := t.next
	if r != nil {
		t.mu.Unlock()
		<-r.done
		return r.err
	}
	r = &round{done: make(chan struct{})}
	t.next = r
	t.mu.Unlock()

	t.lane.Lock() // until then others join
	defer t.lane.Unlock()
	t.mu.Lock()
	t.next = nil
	t.mu.Unlock()
	r.err = syncFileSystem(folders[0])
	close(r.done)
	return r.err
}

// syncFileSystem syncs the file system that folder is in. Linux reports what
// could not be written since 5.8.
func syncFileSystem(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &os.PathError{Op: "sync the file system of", Path: folder, Err: err}
	}
	return nil
}
