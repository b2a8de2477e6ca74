package main

import (
	"path/filepath"
	"slices"

	"rundock/internal/fstree"
	"rundock/supervisor"
)

// readInstalled reads back the service whose files are in dir.
func readInstalled(dir string) (s supervisor.Service, err error) {
	at := shapeOf(dir)
	if at.runner != "" {
		if s, err = supervisor.ReadService(filepath.Join(at.runner, "service.json")); err != nil {
			return s, err
		}
	}
	if at.announcer != "" {
		if s.Announce, err = supervisor.ReadAnnounce(filepath.Join(at.announcer, "announce.json")); err != nil {
			return s, err
		}
		s.Name = s.Announce.Service
	}
	return s, nil
}

// compareInstalled says which files of dir are missing, and which are not as
// this rundockd writes them for s: edited by hand, or written by another
// release. An edit of service.json itself shows only where it is not in the
// form it is written in; what it means then shows in the spec's hash.
func compareInstalled(dir string, s supervisor.Service) (count int, missing, edited []string, err error) {
	files, err := supervisor.Files(s)
	if err != nil {
		return 0, nil, nil, err
	}
	changes, err := fstree.Apply(dir, files, true)
	if err != nil {
		return 0, nil, nil, err
	}
	for _, c := range changes.List {
		if c.Before == nil {
			missing = append(missing, c.Path)
		} else {
			edited = append(edited, c.Path)
		}
	}
	slices.Sort(missing)
	slices.Sort(edited)
	return len(files), missing, edited, nil
}
