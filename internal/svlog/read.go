package svlog

// Read returns what is wanted of the log in dir as it is now. A log that is not
// there is an error that wraps fs.ErrNotExist.
func Read(dir string, w Wanted) ([]Line, error) {
	l := &Folder{Dir: dir}
	defer l.Close()
	lines, err := l.Begin(w)
	if rest, ok := l.Unfinished(); ok {
		lines = append(lines, rest)
	}
	return w.Cut(lines), err
}
