package svlog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// Cursor is a place in a folder, for those who go on there after a restart. The file is
// known by its inode and its first bytes; by these alone once a processor has compressed
// it. One without these is known by its inode. The zero Cursor is before the oldest file.
type Cursor struct {
	Inode uint64    `json:"inode,omitempty"`
	Head  []byte    `json:"head,omitempty"` // the first bytes of the file, as far as they were read; headSize at most
	At    int64     `json:"at"`             // bytes of the file, uncompressed, that were read
	Last  time.Time `json:"last,omitzero"`  // of the last line that was read
}

// headSize is a time and what follows it: no two files of a folder begin alike.
const headSize = 64

// opened is a file of a folder that is read from a place.
type opened struct {
	file   *os.File
	inode  uint64
	unzips *bufio.Reader // nil: the file is as svlogd wrote it
}

// openFile opens path. A file that is compressed is read from its beginning.
func openFile(path string, size int) (*opened, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	o := &opened{file: f}
	if info, err := f.Stat(); err == nil {
		o.inode = info.Sys().(*syscall.Stat_t).Ino
	}
	magic := make([]byte, 2)
	if n, _ := f.ReadAt(magic, 0); n == 2 && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		o.unzips = bufio.NewReaderSize(z, size)
	}
	return o, nil
}

// begins reports whether the file begins with head. It is asked before the file is read.
func (o *opened) begins(head []byte) bool {
	if o.unzips != nil {
		begin, _ := o.unzips.Peek(len(head))
		return bytes.Equal(begin, head)
	}
	begin := make([]byte, len(head))
	n, _ := o.file.ReadAt(begin, 0)
	return bytes.Equal(begin[:n], head)
}

// skip goes to at, in a file that is read from its beginning.
func (o *opened) skip(at int64) error {
	if o.unzips == nil {
		return nil
	}
	_, err := io.CopyN(io.Discard, o.unzips, at)
	return err
}

// read fills buf from at on, as far as there is something.
func (o *opened) read(buf []byte, at int64) (int, error) {
	if o.unzips == nil {
		n, err := o.file.ReadAt(buf, at)
		if err == io.EOF {
			err = nil
		}
		return n, err
	}
	data, err := o.unzips.Peek(len(buf))
	if err == io.EOF {
		err = nil
	}
	return copy(buf, data), err
}

// took says that size bytes of those that were read are done with.
func (o *opened) took(size int) {
	if o.unzips != nil {
		o.unzips.Discard(size)
	}
}
