package shipper

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/supervisor"
)

// labels say of which part of the host a line is.
type labels struct {
	Service  string `json:"service"`         // web, also of its colours and slots; rundock-store
	Instance string `json:"instance"`        // as rundockd has it on this host: web-blue, shop-web-1
	Stack    string `json:"stack,omitempty"` // shop; "": the service is of none
	Part     string `json:"part"`            // service: the container and its runner; announce: the sidecar
}

// Parts of a service, by what it logs.
const (
	partService  = "service"
	partAnnounce = "announce"
)

// labelsOf are those of a folder of /var/log, whose service has its directory in sv.
func labelsOf(folder, sv string) labels {
	name, sidecar := strings.CutSuffix(folder, "/announce")
	l := labels{Service: name, Instance: name, Part: partService}
	if sidecar {
		l.Part = partAnnounce
	}
	instance, ours := strings.CutPrefix(name, supervisor.Prefix)
	if !ours {
		return l
	}
	l.Service, l.Instance = instance, instance
	dir := filepath.Join(sv, name)
	for _, file := range []string{"services/service/service.json", "service.json", "services/announce/announce.json", "announce.json"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			continue // where it is depends on what the service has
		}
		var of struct {
			Stack  string     `json:"stack"`
			Slot   stack.Slot `json:"slot"`
			Colour string     `json:"colour"`
		}
		if json.Unmarshal(data, &of) != nil {
			continue
		}
		if of.Stack != "" {
			l.Stack, l.Service = of.Stack, of.Slot.Service
		}
		if of.Colour != "" {
			l.Service = control.ServiceOf(instance, of.Colour)
		}
	}
	return l
}
