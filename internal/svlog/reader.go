package svlog

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Reader reads a folder on from a cursor, in pieces, over rotations. Unlike Folder it
// keeps nothing of what it has read, and its place can be kept on disk. It is for one
// goroutine.
type Reader struct {
	Dir    string
	cursor Cursor
	open   *opened
	lost   bool
}

// NewReader reads dir from a cursor on.
func NewReader(dir string, from Cursor) *Reader { return &Reader{Dir: dir, cursor: from} }

// Cursor is after what Next has returned.
func (r *Reader) Cursor() Cursor { return r.cursor }

func (r *Reader) Close() {
	if r.open != nil {
		r.open.file.Close()
		r.open = nil
	}
}

// Lost reports whether files were removed before they were read, since it was asked last.
func (r *Reader) Lost() bool {
	lost := r.lost
	r.lost = false
	return lost
}

// Next reads the next whole lines into buf, and returns the part of it that has them:
// none, if there are none yet. A line that is longer than buf comes in pieces.
func (r *Reader) Next(buf []byte) ([]byte, error) {
	if r.unchanged() {
		return nil, nil
	}
	for {
		if r.open == nil {
			if found, err := r.find(false, len(buf)); !found {
				return nil, err
			}
		}
		// Asked before it is read: nothing comes to a file after it has made way.
		over := r.over()
		data, err := r.lines(buf, over)
		if err != nil || len(data) > 0 || !over {
			return data, err
		}
		if found, err := r.find(true, len(buf)); !found {
			return nil, err
		}
	}
}

// unchanged reports whether the open file is current, and was read to its end: mostly it
// is, and one look at it is all that a folder costs.
func (r *Reader) unchanged() bool {
	if r.open == nil || r.open.unzips != nil {
		return false
	}
	now, err := os.Stat(filepath.Join(r.Dir, "current"))
	return err == nil && now.Size() == r.cursor.At && now.Sys().(*syscall.Stat_t).Ino == r.open.inode
}

// lines reads from the open file; of one that is over, also a last line without an end.
func (r *Reader) lines(buf []byte, over bool) ([]byte, error) {
	n, err := r.open.read(buf, r.cursor.At)
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(buf[:n], '\n') + 1
	if n == len(buf) && end == 0 || over && n < len(buf) {
		end = n
	}
	if end == 0 {
		return nil, nil
	}
	r.open.took(end)
	data := buf[:end]
	if at := r.cursor.At; at < headSize && at == int64(len(r.cursor.Head)) {
		r.cursor.Head = append(r.cursor.Head[:at:at], data[:min(end, headSize-int(at))]...)
	}
	r.cursor.At += int64(end)
	last := bytes.LastIndexByte(data[:end-1], '\n') + 1
	if at, _ := Split(data[last:]); !at.IsZero() {
		r.cursor.Last = at
	}
	return data, nil
}

// over reports whether the open file is current no more. One that somebody emptied is
// read from its beginning.
func (r *Reader) over() bool {
	if r.open.unzips != nil {
		return true
	}
	if info, err := r.open.file.Stat(); err == nil && info.Size() < r.cursor.At {
		r.cursor.At, r.cursor.Head = 0, nil
	}
	// svlogd is about to make it, where there is none.
	now, err := os.Stat(filepath.Join(r.Dir, "current"))
	if err != nil {
		return false
	}
	was, err := r.open.file.Stat()
	return err == nil && !os.SameFile(was, now)
}

// find opens the file that the cursor is in or, with next, the one after it. It is not
// found while svlogd makes it.
func (r *Reader) find(next bool, size int) (bool, error) {
	for {
		// Opened before the folder is listed: rotated meanwhile, it is in the list.
		current, err := openFile(filepath.Join(r.Dir, "current"), size)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		names, err := rotated(r.Dir)
		if err != nil {
			current.close()
			return false, err
		}
		i, same := r.locate(names, current, size)
		if same && next {
			i, same = i+1, false
		}
		switch {
		case i > len(names):
			current.close()
			return false, nil
		case i == len(names):
			return current != nil, r.use(current, same)
		}
		current.close()
		file, err := openFile(filepath.Join(r.Dir, names[i]), size)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, or compressed, since the folder was listed
		}
		if err != nil {
			return false, err
		}
		return true, r.use(file, same)
	}
}

// use reads from o on: at the cursor if that is in the same file.
func (r *Reader) use(o *opened, same bool) error {
	if o == nil {
		return nil
	}
	r.Close()
	r.open = o
	if !same {
		r.cursor = Cursor{Inode: o.inode, Last: r.cursor.Last}
		return nil
	}
	r.cursor.Inode = o.inode
	return o.skip(r.cursor.At)
}

// locate returns which of names has the cursor, or len(names) for current. If none has
// it: the first that ended after the cursor's last line, and lines may be lost.
func (r *Reader) locate(names []string, current *opened, size int) (i int, same bool) {
	if r.cursor.Inode == 0 {
		return 0, false
	}
	for _, by := range []func(*opened) bool{
		func(o *opened) bool { return o.inode == r.cursor.Inode && o.begins(r.cursor.Head) },
		func(o *opened) bool { return len(r.cursor.Head) > 0 && o.begins(r.cursor.Head) },
	} {
		for i, name := range names {
			if o, err := openFile(filepath.Join(r.Dir, name), size); err == nil {
				is := by(o)
				o.close()
				if is {
					return i, true
				}
			}
		}
		if current != nil && by(current) {
			return len(names), true
		}
	}
	r.lost = true
	for i, name := range names {
		if ended, ok := taiLabel(name[:min(25, len(name))]); !ok || ended.After(r.cursor.Last) {
			return i, false
		}
	}
	return len(names), false
}

func (o *opened) close() {
	if o != nil {
		o.file.Close()
	}
}
