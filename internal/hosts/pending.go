package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"rundock/internal/fstree"
)

// pendingFile is the renewals that a run has before it, so that a later one
// makes those that it does not come to.
func pendingFile(keys []string) ([]byte, error) { return json.Marshal(keys) }

func readPending(data []byte) (map[string]bool, error) {
	var keys []string
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("read %s: %w", pendingPath, err)
	}
	pending := map[string]bool{}
	for _, k := range keys {
		pending[k] = true
	}
	return pending, nil
}

// owe writes down which renewals are to be made yet.
func owe(keys []string) error {
	if len(keys) == 0 {
		if err := os.Remove(pendingPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := pendingFile(keys)
	if err != nil {
		return err
	}
	return fstree.Publish(pendingPath, 0o644, data)
}
