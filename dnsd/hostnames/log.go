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

// maxListed bounds the keys that the line for a list names.
const maxListed = 3

// A Log logs, once for each key, records whose name resolvers refuse.
type Log struct{ logged map[string]bool }

// Changed logs what there is to log of changed records below prefix: of a list,
// which each HUP begins with, in one line.
func (n *Log) Changed(log *slog.Logger, prefix string, changes []registry.Change, list bool) {
	var found []string
	for _, c := range changes {
		if n.logged[c.Key] || len(n.logged) == maxLogged {
			continue
		}
		refused := refusedKey(prefix, c)
		if refused == nil {
			continue
		}
		if n.logged == nil {
			n.logged = map[string]bool{}
		}
		n.logged[c.Key] = true
		found = append(found, c.Key+": "+refused.Error())
		if !list {
			log.Warn("resolvers refuse the name of a record: use another key", "key", c.Key, "reason", refused)
		}
		if len(n.logged) == maxLogged {
			log.Warn("resolvers refuse the names of more records, see dnsd check")
		}
	}
	if list && len(found) > 0 {
		log.Warn("resolvers refuse the names of records, dnsd check names them all: use other keys", "count", len(found), "such_as", found[:min(len(found), maxListed)])
	}
}

// refusedKey is why resolvers refuse the name of a record; nil: they do not, or
// the record is deleted or skipped.
func refusedKey(prefix string, c registry.Change) error {
	if c.Value == nil || plainKey(strings.TrimPrefix(c.Key, prefix)) {
		return nil
	}
	name, err := skydns.Name(prefix, c.Key)
	if err != nil {
		return nil
	}
	r, err := skydns.Parse(c.Value)
	if err != nil {
		return nil
	}
	return Refused(name, r)
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
