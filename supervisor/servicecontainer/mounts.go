package servicecontainer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mounted returns an error that names the first of paths that is no mount
// point. A trigger of automount alone is none.
func Mounted(paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("requires_mounts: %w", err)
	}
	points := mountPoints(string(table))
	for _, path := range paths {
		if points[path] {
			continue // not looked at, as a file system that hangs would keep us
		}
		if real, err := filepath.EvalSymlinks(path); err != nil || !points[real] {
			return fmt.Errorf("requires_mounts: %s is no mount point", path)
		}
	}
	return nil
}

// mountPoints are the paths on which a file system is mounted, from the text
// of /proc/self/mountinfo. Its format is in proc(5).
func mountPoints(table string) map[string]bool {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	points := map[string]bool{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		_, after, ok := strings.Cut(line, " - ")
		if ok && len(fields) > 5 && !strings.HasPrefix(after, "autofs ") {
			points[unescape.Replace(fields[4])] = true
		}
	}
	return points
}
