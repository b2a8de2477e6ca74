package preview

import (
	"encoding/json"
	"strings"
	"time"
)

// WakePrefix is where routers ask that a preview that is asleep be started again:
// below it is a WakeUp by the preview's name. The first one stays until a builder has
// taken it away, which it does with the State in which it starts the preview.
const WakePrefix = Prefix + "wake/"

// UsedPrefix is where routers say when a preview was used last: below it is a Used at
// NAME/HOST.
const UsedPrefix = Prefix + "used/"

// WakeUp is a wish to start a preview that is asleep.
type WakeUp struct {
	At time.Time `json:"at"`
	By string    `json:"by"` // the host whose router was asked
}

// Used is what the router of a host last saw of a preview. It is written anew once a
// minute while the preview is used, also by streams that are open (websockets, event
// streams, gRPC, downloads), and so is older than the last use by a minute at most.
type Used struct {
	At time.Time `json:"at"`
}

// WakeKey is where the WakeUp of the preview name is.
func WakeKey(name string) string { return WakePrefix + name }

// UsedKey is where host's Used of the preview name is.
func UsedKey(name, host string) string { return UsedPrefix + name + "/" + host }

// UsedOf is the inverse of UsedKey.
func UsedOf(key string) (name, host string, ok bool) {
	rest, ok := strings.CutPrefix(key, UsedPrefix)
	name, host, whole := strings.Cut(rest, "/")
	return name, host, ok && whole && name != "" && host != ""
}

// JSON is w as it is stored.
func (w WakeUp) JSON() []byte { return stored(w) }

// JSON is u as it is stored.
func (u Used) JSON() []byte { return stored(u) }

func stored(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and times can be written
	}
	return data
}
