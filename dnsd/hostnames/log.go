package hostnames

import (
	"log/slog"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/skydns"
)

// maxLogged bounds the keys that are remembered and logged: keys that are more
// than that follow a rule, which the first of them show.
const maxLogged = 200

// A Log logs, once for each key, records whose name resolvers refuse.
type Log struct{ logged map[string]bool }

// Changed logs what there is to log of changed records below prefix.
func (n *Log) Changed(log *slog.Logger, prefix string, changes []registry.Change) {
	for _, c := range changes {
		if c.Value == nil || n.logged[c.Key] || len(n.logged) == maxLogged || plainKey(strings.TrimPrefix(c.Key, prefix)) {
			continue
		}
		name, err := skydns.Name(prefix, c.Key)
		if err != nil {
			continue // it is skipped
		}
		r, err := skydns.Parse(c.Value)
		if err != nil {
			continue
		}
		if refused := Refused(name, r); refused != nil {
			log.Warn("resolvers refuse the name of a record: use another key", "key", c.Key, "reason", refused)
			if n.logged == nil {
				n.logged = map[string]bool{}
			}
			if n.logged[c.Key] = true; len(n.logged) == maxLogged {
				log.Warn("resolvers refuse the names of more records, see dnsd check")
			}
		}
	}
}

// plainKey says whether a key is of lower-case letters, digits and underscores,
// with hyphens within a part: those of nearly all records, which need no look.
func plainKey(key string) bool {
	for i, c := range []byte(key) {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '/':
		case c == '-' && i > 0 && key[i-1] != '/' && i+1 < len(key) && key[i+1] != '/':
		default:
			return false
		}
	}
	return true
}
