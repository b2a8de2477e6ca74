package hosts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// reloadable are keys of daemon.json that dockerd reads again on SIGHUP.
//
// Source: dockerd reference, "Configuration reload behavior".
var reloadable = []string{
	"allow-nondistributable-artifacts", "authorization-plugins", "debug", "default-runtime", "insecure-registries", "labels", "live-restore",
	"max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "registry-mirrors", "runtimes", "shutdown-timeout",
}

// readSettings reads daemon.json; an empty file has no settings.
func readSettings(data []byte) (map[string]any, error) {
	settings := map[string]any{}
	if len(bytes.TrimSpace(data)) == 0 {
		return settings, nil
	}
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object; mend or remove it, as its settings would be lost: %w", daemonJSON, err)
	}
	return settings, nil
}

// merged returns before with the keys of wanted, and whether that changes
// anything.
func merged(before, wanted map[string]any) (after map[string]any, changed bool) {
	after = maps.Clone(before)
	if after == nil {
		after = map[string]any{}
	}
	maps.Copy(after, wanted)
	return after, !reflect.DeepEqual(before, after)
}

// waiting returns the keys for which dockerd, which runs, has to be restarted:
// those of earlier runs, and those that now change and that it does not read again.
func waiting(earlier []string, before, after map[string]any) []string {
	keys := slices.Clone(earlier)
	for k, v := range after {
		if !slices.Contains(reloadable, k) && !reflect.DeepEqual(before[k], v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
