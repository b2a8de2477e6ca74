package hostconfig

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// MachineID returns the id that tells this machine from all others.
func MachineID() (string, error) {
	data, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return "", fmt.Errorf("find out which machine this is: %w", err)
	}
	id := strings.TrimSpace(string(data))
	if id == "" {
		return "", errors.New("find out which machine this is: /etc/machine-id is empty")
	}
	return id, nil
}
