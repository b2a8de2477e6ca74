package render

import (
	"fmt"
	"strings"
)

// KeyPair is a key of the store with the fields that consul-template gives it.
type KeyPair struct {
	Path   string // the whole key, without its first slash
	Key    string // relative to what ls or tree was asked for
	Value  string
	Exists bool
}

// full is a key as the store has it. Templates name it without the first slash,
// as Consul does; in etcd it has one.
func full(key string) string { return "/" + strings.TrimPrefix(key, "/") }

func (v *view) find(key string) (string, bool) {
	value, ok := v.state.values[full(key)]
	v.used.Keys[key] = 0
	if ok {
		v.used.Keys[key] = 1
	}
	return string(value), ok
}

func (v *view) key(key string) (string, error) {
	value, ok := v.find(key)
	if !ok {
		return "", fmt.Errorf("key %s: %w (keyOrDefault gives another value then)", key, errNotFound)
	}
	return value, nil
}

func (v *view) keyOrDefault(key, otherwise string) string {
	if value, ok := v.find(key); ok {
		return value
	}
	return otherwise
}

func (v *view) keyExists(key string) bool {
	_, ok := v.find(key)
	return ok
}

func (v *view) keyExistsGet(key string) KeyPair {
	value, ok := v.find(key)
	return KeyPair{Path: strings.TrimPrefix(key, "/"), Key: key, Value: value, Exists: ok}
}

func (v *view) tree(prefix string) []KeyPair {
	folder := strings.TrimSuffix(full(prefix), "/") + "/"
	all := []KeyPair{}
	for _, k := range v.state.below(folder) {
		if strings.HasSuffix(k, "/") { // a folder of Consul's
			continue
		}
		all = append(all, KeyPair{Path: k[1:], Key: k[len(folder):], Value: string(v.state.values[k]), Exists: true})
	}
	v.used.Keys[prefix] = len(all)
	return all
}

func (v *view) ls(prefix string) []KeyPair {
	all := []KeyPair{}
	for _, p := range v.tree(prefix) {
		if !strings.Contains(p.Key, "/") {
			all = append(all, p)
		}
	}
	v.used.Keys[prefix] = len(all)
	return all
}

func (v *view) safeTree(prefix string) ([]KeyPair, error) {
	return some("safeTree", prefix, v.tree(prefix))
}

func (v *view) safeLs(prefix string) ([]KeyPair, error) { return some("safeLs", prefix, v.ls(prefix)) }

// some refuses an empty list.
func some(function, prefix string, all []KeyPair) ([]KeyPair, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("%s %s: no such key: %w", function, prefix, errNotFound)
	}
	return all, nil
}
