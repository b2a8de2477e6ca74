package previewlog

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"rundock/internal/svlog"
)

// Folder is the log of a container: the folder that svlogd writes what a runner copies. Mask, where it is
// not nil, says how a line's text is shown; an error of it ends reading, so that nothing is shown that is not to be.
type Folder struct {
	Dir  string
	Mask func() (*strings.Replacer, error)
}

const (
	// tailAtMost is how much is read of what was there before, in bytes: older lines are
	// for `rundockd logs` on the host.
	tailAtMost = 64 << 10

	// onceAtMost is how much is told of at once; then comes whoever else waits.
	onceAtMost = 1 << 20

	textAtMost = 8 << 10 // bytes of a line
)

// Read implements Source. Of more than onceAtMost it tells of that alone: the place of the last line leads on.
func (f Folder) Read(_ context.Context, after Place, r Reading) error {
	s := f.open(after)
	defer s.close()
	return s.look(r.On)
}

// Follow implements Source.
func (f Folder) Follow(ctx context.Context, after Place, r Reading) error {
	s := f.open(after)
	defer s.close()
	return follow(ctx, r, s.look)
}

// spool reads a Folder as it grows, in pieces.
type spool struct {
	Folder
	reader  *svlog.Reader
	after   time.Time // lines up to then were told of, in a file that is not there any more
	begun   bool
	partial bool // what comes first is the end of a line
	piece   []byte
}

// open begins after a place; where that is none, tailAtMost before the end. A place of a file that is gone leads to
// the lines after that one's last. A place within a line leads to the next line: the rest of this one could begin
// within a value, which then would be shown.
func (f Folder) open(after Place) *spool {
	s := &spool{Folder: f, piece: make([]byte, lineAtMost)}
	cursor, ok := cursorOf(after)
	switch {
	case !ok:
		cursor, s.partial = svlog.Tail(f.Dir, tailAtMost)
	case cursor.At > 0:
		cursor.At-- // of a place after a line that byte is its end, and all that is left out
		s.partial = true
	}
	s.after, s.reader = cursor.Last, svlog.NewReader(f.Dir, cursor)
	return s
}

func (s *spool) close() { s.reader.Close() }

// look tells of the whole lines that are new.
func (s *spool) look(on line) error {
	for told := 0; told < onceAtMost; {
		data, err := s.reader.Next(s.piece)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(data) == 0 {
			return nil
		}
		told += len(data)
		if !s.begun && !s.reader.Lost() {
			s.after = time.Time{} // it goes on in the file where it was
		}
		if !s.begun && s.reader.Cursor().At == int64(len(data)) {
			s.partial = false // it is the beginning of another file
		}
		s.begun = true
		if err := s.tell(data, s.reader.Cursor(), on); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of lines, after which the cursor is now.
func (s *spool) tell(data []byte, now svlog.Cursor, on line) error {
	mask, err := s.masks()
	if err != nil {
		return err
	}
	at := now.At - int64(len(data))
	for text := range bytes.Lines(data) {
		at += int64(len(text))
		if s.partial {
			s.partial = false
			continue
		}
		when, said := svlog.Split(bytes.TrimSuffix(text, []byte("\n")))
		if !when.IsZero() && !when.After(s.after) {
			continue
		}
		place := placeOf(svlog.Cursor{Inode: now.Inode, At: at, Last: when})
		if err := on(false, place, Line{Time: when, Text: short(mask.Replace(strings.ToValidUTF8(string(said), "�")))}); err != nil {
			return err
		}
	}
	return nil
}

// short is a line's text up to textAtMost.
func short(text string) string {
	if len(text) <= textAtMost {
		return text
	}
	return strings.ToValidUTF8(text[:textAtMost], "") + "…"
}

func (s *spool) masks() (*strings.Replacer, error) {
	if s.Mask == nil {
		return strings.NewReplacer(), nil
	}
	return s.Mask()
}

// placeOf is a cursor without the file's first bytes, by which one that was compressed would be known: svlogd
// compresses none that rundock has it write. cursorOf is its inverse; ok: a Place is one.
func placeOf(c svlog.Cursor) Place {
	return Place{strconv.FormatUint(c.Inode, 36) + "-" + strconv.FormatInt(c.Last.UnixMicro(), 36), int(c.At)}
}

func cursorOf(p Place) (c svlog.Cursor, ok bool) {
	inode, last, _ := strings.Cut(p.Build, "-")
	n, wrong := strconv.ParseUint(inode, 36, 64)
	micros, err := strconv.ParseInt(last, 36, 64)
	if wrong != nil || err != nil || n == 0 {
		return c, false
	}
	return svlog.Cursor{Inode: n, At: int64(p.Line), Last: time.UnixMicro(micros).UTC()}, true
}
