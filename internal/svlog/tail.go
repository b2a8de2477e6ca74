package svlog

import (
	"os"
	"path/filepath"
	"syscall"
)

// Tail is a cursor about size bytes before the end of what there is in dir, in current and the file
// before it; the zero one where there is neither. partial: what comes first there is the end of a line.
func Tail(dir string, size int64) (at Cursor, partial bool) {
	files := []string{"current"}
	if older, err := rotated(dir); err == nil && len(older) > 0 {
		files = append(files, older[len(older)-1])
	}
	for _, name := range files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			continue // removed, or not made yet
		}
		at = Cursor{Inode: info.Sys().(*syscall.Stat_t).Ino, At: max(0, info.Size()-size)}
		if size -= info.Size(); size <= 0 {
			break
		}
	}
	return at, at.At > 0
}
