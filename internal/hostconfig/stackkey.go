package hostconfig

import (
	"crypto/sha256"
	"encoding/hex"
)

// StackKeyPath is where a host that leads runs of stacks has the key of their secrets.
const StackKeyPath = "/etc/rundock/stack.key"

// StackKeyName names a key of stacks' secrets and does not tell it: 16 hexadecimal
// digits of its SHA-256.
func StackKeyName(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}
