package stack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// JSON is s in the one form that it has: no space, maps sorted, zero values
// left out. Parse reads it.
func (s Stack) JSON() []byte {
	data, err := json.Marshal(s)
	if err != nil {
		panic("model of a stack is not JSON: " + err.Error()) // texts, numbers, and lists and maps of them always are
	}
	return data
}

// Hash identifies s: 64 hex digits of the SHA-256 of its JSON. A release that
// knows more fields gives an old model its old hash.
func (s Stack) Hash() string {
	sum := sha256.Sum256(s.JSON())
	return hex.EncodeToString(sum[:])
}

// Parse reads a model's JSON. An unknown field or version is an error.
func Parse(data []byte) (Stack, error) {
	var s Stack
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("read the model of a stack: %w", err)
	}
	if s.Version != Version {
		return s, fmt.Errorf("read the model of a stack: version is %d, this rundockd reads %d", s.Version, Version)
	}
	return s, nil
}

// Pods are the services of s in groups whose instances of one number are on
// one host: they share a namespace, the volumes of a container, or a volume of
// which each host has its own. A service that shares nothing is a group of its
// own. Each group is sorted, and groups are by their first service.
func (s Stack) Pods() [][]string {
	group := map[string]string{} // service -> one of its group, which leads to itself
	find := func(name string) string {
		for group[name] != name {
			name = group[name]
		}
		return name
	}
	names := make([]string, 0, len(s.Services))
	for name := range s.Services {
		names = append(names, name)
		group[name] = name
	}
	slices.Sort(names)
	join := func(a, b string) {
		if _, ok := s.Services[b]; ok {
			group[find(a)] = find(b)
		}
	}
	first := map[string]string{} // volume -> the first service that mounts it
	for _, name := range names {
		for _, other := range s.Services[name].Pod.Services() {
			join(name, other)
		}
		for _, v := range s.Services[name].Volumes {
			if s.Volumes[v].Shared {
				continue
			}
			if other, ok := first[v]; ok {
				join(name, other)
			} else {
				first[v] = name
			}
		}
	}
	members := map[string][]string{}
	for _, name := range names {
		members[find(name)] = append(members[find(name)], name)
	}
	var pods [][]string
	for _, name := range names {
		if m := members[find(name)]; m[0] == name {
			pods = append(pods, m)
		}
	}
	return pods
}

// NoStandby says why the slots of a service that is to be rescheduled have no standby
// on any host; "" where they may have one. Those hold a lock while they run.
func (s Stack) NoStandby(service string) string {
	def := s.Services[service]
	inPod := len(def.Pod.Services()) > 0
	for _, other := range s.Services {
		inPod = inPod || slices.Contains(other.Pod.Services(), service)
	}
	switch own := slices.ContainsFunc(def.Volumes, func(key string) bool { return !s.Volumes[key].Shared }); {
	case !def.Reschedule:
		return "it is not rescheduled"
	case def.Job:
		return "it is a job"
	case def.Global:
		return "each host has one"
	case own:
		return "its volume is on its host alone"
	case inPod:
		return "it is in a pod"
	}
	return ""
}
