// Package plan is what a call of rundock_kv decides: whether a key has to be written or removed,
// and how that is told. It reads and writes none: package task does.
package plan

import (
	"fmt"

	"rundock/internal/control"
	"rundock/modules/rundock_kv/params"
)

// Decide says whether the key, as it is now, has to be written or removed. The
// error says why it must not be.
func Decide(p params.Params, now control.Key) (bool, error) {
	if now.Exists && now.Lease != "" {
		return false, fmt.Errorf("key %s is held under a lease (%s), by whoever keeps that: it would go with it", p.Key, now.Lease)
	}
	asked := !now.Exists
	if p.State == "present" {
		asked = now.Exists && string(now.Value) == *p.Value
	}
	switch {
	case asked:
		return false, nil
	case p.ExpectAbsent && now.Exists:
		return false, fmt.Errorf("key %s is there, with %s, and was to be absent", p.Key, shown(p, now.Value))
	case p.Expect != nil && !now.Exists:
		return false, fmt.Errorf("key %s is not there, and was to be %s", p.Key, shown(p, []byte(*p.Expect)))
	case p.Expect != nil && string(now.Value) != *p.Expect:
		return false, fmt.Errorf("key %s is %s, and was to be %s", p.Key, shown(p, now.Value), shown(p, []byte(*p.Expect)))
	}
	return true, nil
}

// shown is a value for people.
func shown(p params.Params, value []byte) string {
	if p.Secret {
		return "(another secret)"
	}
	const most = 200
	if len(value) > most {
		return fmt.Sprintf("%q...", value[:most])
	}
	return fmt.Sprintf("%q", value)
}
