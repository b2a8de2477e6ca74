package preview

import (
	"encoding/json"
	"fmt"
	"strings"
)

// WorkerPrefix is where builders say that they are there: below it is a Worker by its host.
const WorkerPrefix = Prefix + "worker/"

// Worker is a builder. Its key goes away with it.
type Worker struct {
	ID   string `json:"id"` // of whoever holds the key
	Host string `json:"host"`
	Most int    `json:"most"` // previews that it may have

	// Logs is where it gives the logs of its previews to pages of other hosts, an ADDRESS:PORT; "": to none.
	Logs string `json:"logs,omitempty"`
}

// WorkerKey is where host's Worker is.
func WorkerKey(host string) string { return WorkerPrefix + host }

// WorkerOf is the inverse of WorkerKey.
func WorkerOf(key string) (host string, ok bool) {
	host, ok = strings.CutPrefix(key, WorkerPrefix)
	return host, ok && host != "" && !strings.Contains(host, "/")
}

// ParseWorker reads a Worker.
func ParseWorker(value []byte) (w Worker, err error) {
	if err = json.Unmarshal(value, &w); err != nil {
		return w, fmt.Errorf("builder of previews: %w", err)
	}
	return w, nil
}

// JSON is w as it is stored.
func (w Worker) JSON() []byte { return stored(w) }
