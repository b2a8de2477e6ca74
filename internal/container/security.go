package container

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// setSecurity translates security options: a seccomp profile is sent as its JSON,
// and the unmasked paths of /proc and /sys are lists of their own.
func setSecurity(host *container.HostConfig, options []string) error {
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		switch {
		case o == "systempaths=unconfined":
			// Empty, not absent: absent are Docker's own.
			host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{}
			continue
		case name == "seccomp" && strings.HasPrefix(value, "/"):
			profile, err := os.ReadFile(value)
			if err != nil {
				return fmt.Errorf("seccomp profile: %w", err)
			}
			var short bytes.Buffer
			if err := json.Compact(&short, profile); err != nil {
				return fmt.Errorf("seccomp profile %s: %w", value, err)
			}
			o = "seccomp=" + short.String()
		}
		host.SecurityOpt = append(host.SecurityOpt, o)
	}
	return nil
}
