package svlog

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// rotated lists the older files of dir, oldest first: their names sort by time.
func rotated(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		// .s is finished, .u waits for its processor; .t is being made by one.
		if name := e.Name(); strings.HasPrefix(name, "@") && !strings.HasSuffix(name, ".t") {
			names = append(names, name)
		}
	}
	return names, nil
}

// readRotated reads an older file, which a processor may have compressed.
func readRotated(path string) ([]Line, error) {
	o, err := openFile(path, 4096)
	if err != nil {
		return nil, err
	}
	defer o.close()
	var in io.Reader = o.file
	if o.unzips != nil {
		in = o.unzips
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return parseLines(data), nil
}
