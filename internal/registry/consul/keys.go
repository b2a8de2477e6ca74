package consul

import (
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry"
)

// Keys of our own, as Consul has them.
const (
	clusterKey = "rundock/v1/cluster"
	guards     = "rundock/v1/guards/"
)

// native is key as Consul has it, which refuses those that begin with a slash.
func native(key string) string { return strings.TrimPrefix(key, "/") }

// ours is the inverse of native.
func ours(key string) string { return "/" + key }

// value makes an empty value of a key distinct from its deletion.
func value(pair *api.KVPair) []byte {
	if pair.Value == nil {
		return []byte{}
	}
	return pair.Value
}

// checked refuses keys that native and ours do not map onto each other.
func checked(items []registry.Item) error {
	for _, item := range items {
		if !strings.HasPrefix(item.Key, "/") {
			return fmt.Errorf("key %q: want one that begins with a slash", item.Key)
		}
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
