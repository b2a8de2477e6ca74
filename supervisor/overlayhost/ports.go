package overlayhost

import (
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
)

// PortsFile has a line for each device at a network's bridge. It goes with the
// boot, as the devices do.
func PortsFile(network string) string {
	return filepath.Join(control.Dir, "overlay", network+".ports")
}

// ReadPorts returns none where none are kept.
func ReadPorts(network string) []string {
	data, _ := os.ReadFile(PortsFile(network))
	return strings.Fields(string(data))
}

func SavePorts(network string, ports []string) error {
	return fstree.Publish(PortsFile(network), 0o644, []byte(strings.Join(ports, "\n")+"\n"))
}
