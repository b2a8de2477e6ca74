package hostconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// InventoryPath is where site.yml writes what the inventory says of a host that no
// process of the host goes by. It is not in host.json, for which processes are
// handed over when it changes.
const InventoryPath = "/etc/rundock/inventory.json"

// Inventory is inventory.json: how placement knows a host.
type Inventory struct {
	Version int               `json:"version"`
	Name    string            `json:"name"`   // of the host in the inventory
	Groups  []string          `json:"groups"` // that it is in, sorted
	Labels  map[string]string `json:"labels"` // rundock_labels
}

// LoadInventory reads the file at path. The zero Inventory and no error mean that
// there is none, as where an earlier release prepared the host. Fields of a later
// release are left out.
func LoadInventory(path string) (Inventory, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Inventory{}, nil
	}
	var i Inventory
	if err == nil {
		err = json.Unmarshal(data, &i)
	}
	if err == nil && i.Version != Version {
		err = fmt.Errorf("version is %d, this release reads %d", i.Version, Version)
	}
	if err != nil {
		return Inventory{}, fmt.Errorf("read what the inventory says of the host, %s: %w", path, err)
	}
	return i, nil
}
