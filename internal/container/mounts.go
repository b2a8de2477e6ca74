package container

import (
	"fmt"
	"os"
	"strconv"

	"github.com/docker/docker/api/types/mount"

	"rundock/internal/spec"
)

func mounts(want []spec.Mount) ([]mount.Mount, error) {
	var out []mount.Mount
	for _, w := range want {
		m := mount.Mount{Type: mount.Type(w.Type), Source: w.Source, Target: w.Target, ReadOnly: w.ReadOnly}
		switch {
		case w.Type == "bind" && (w.Propagation != "" || w.Recursive != "" || w.CreateSource):
			m.BindOptions = &mount.BindOptions{
				Propagation:            mount.Propagation(w.Propagation),
				NonRecursive:           w.Recursive == "disabled",
				ReadOnlyNonRecursive:   w.Recursive == "writable",
				ReadOnlyForceRecursive: w.Recursive == "readonly",
				CreateMountpoint:       w.CreateSource,
			}
		case w.Type == "volume":
			m.VolumeOptions = &mount.VolumeOptions{NoCopy: w.NoCopy, Labels: w.Labels, Subpath: w.Subpath}
			if w.Driver != "" || w.DriverOptions != nil {
				m.VolumeOptions.DriverConfig = &mount.Driver{Name: w.Driver, Options: w.DriverOptions}
			}
		case w.Type == "tmpfs" && (w.Size != 0 || w.Mode != ""):
			m.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: w.Size}
			if w.Mode != "" {
				mode, err := strconv.ParseUint(w.Mode, 8, 16)
				if err != nil {
					return nil, fmt.Errorf("mount %s: mode: %w", w.Target, err)
				}
				m.TmpfsOptions.Mode = os.FileMode(mode)
			}
		}
		out = append(out, m)
	}
	return out, nil
}
