package stacking

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rundock/internal/registry"
	"rundock/internal/stack/release"
)

// note is what the store tells, at release.NoteKey, of the site's key.
type note struct {
	Name  string    `json:"name"` // hostconfig.StackKeyName
	Host  string    `json:"host"` // that made it, or had it when it was first named
	Since time.Time `json:"since"`
}

// readNote is what the store says of the key; zero: nothing.
func (s *site) readNote(ctx context.Context) (n note, err error) {
	found, err := s.store.Read(ctx, []string{release.NoteKey})
	if err != nil {
		return n, fmt.Errorf("which key stacks' secrets are sealed by: %w", err)
	}
	if !found[0].Exists {
		return n, nil
	}
	if err := registry.Decode(found[0].Value, &n); err != nil || n.Name == "" {
		return n, fmt.Errorf("%s: %s is no note of a key: %w", release.NoteKey, bytes.TrimSpace(found[0].Value), cmp.Or(err, errors.New("name is missing")))
	}
	return n, nil
}

// sealed are the stacks that have releases with secrets.
func (s *site) sealed(ctx context.Context) (names []string, err error) {
	listed, _, err := s.store.List(ctx, release.Prefix)
	if err != nil {
		return nil, fmt.Errorf("which stacks have secrets: %w", err)
	}
	for _, l := range listed {
		name, rest, _ := strings.Cut(strings.TrimPrefix(l.Key, release.Prefix), "/")
		var r struct {
			Secrets map[string][]byte `json:"secrets"`
		}
		if strings.HasPrefix(rest, "releases/") && (json.Unmarshal(l.Value, &r) != nil || len(r.Secrets) > 0) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// whoHas tells where the key of a note is.
func whoHas(n note, has map[string][]string) string {
	if all := has[n.Name]; len(all) > 0 {
		return strings.Join(all, ", ") + " has"
	}
	return n.Host + " had first"
}

// holders are the hosts that have keys, by the key's name.
func holders(told map[string]json.RawMessage) (map[string][]string, error) {
	all := map[string][]string{}
	for _, host := range sortedKeys(told) {
		var f struct {
			Key string `json:"stack_key"`
		}
		if raw := told[host]; len(raw) > 0 {
			if err := json.Unmarshal(raw, &f); err != nil {
				return nil, fmt.Errorf("facts of %s: %w", host, err)
			}
		}
		if f.Key != "" {
			all[f.Key] = append(all[f.Key], host)
		}
	}
	return all, nil
}

// otherKeys are the hosts with other keys than the one of a name.
func otherKeys(name string, has map[string][]string) string {
	var all []string
	for _, key := range sortedKeys(has) {
		if key != name {
			all = append(all, has[key]...)
		}
	}
	return strings.Join(all, ", ")
}
