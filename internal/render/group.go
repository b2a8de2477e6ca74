package render

import (
	"fmt"
	"strconv"
	"strings"
)

// byTag groups instances or services by each of their tags.
func byTag(list any) (any, error) {
	switch list := list.(type) {
	case []Instance:
		groups := map[string][]Instance{}
		for _, i := range list {
			for _, tag := range i.Tags {
				groups[tag] = append(groups[tag], i)
			}
		}
		return groups, nil
	case []ServiceName:
		groups := map[string][]ServiceName{}
		for _, s := range list {
			for _, tag := range s.Tags {
				groups[tag] = append(groups[tag], s)
			}
		}
		return groups, nil
	}
	return nil, fmt.Errorf("byTag of %T: want what service or services gives", list)
}

// byKey groups what tree gives by the first part of its keys.
func byKey(list []KeyPair) map[string]map[string]KeyPair {
	groups := map[string]map[string]KeyPair{}
	for _, p := range list {
		top, rest, _ := strings.Cut(p.Key, "/")
		if rest == "" {
			continue
		}
		if groups[top] == nil {
			groups[top] = map[string]KeyPair{}
		}
		p.Key = rest
		groups[top][rest] = p
	}
	return groups
}

// byMeta groups instances by the values of meta keys, given with commas
// between, which stand with _ between; KEY|int is written in five digits.
func byMeta(keys string, list []Instance) (map[string][]Instance, error) {
	groups := map[string][]Instance{}
	for _, i := range list {
		var values []string
		for _, key := range strings.Split(keys, ",") {
			key, kind, _ := strings.Cut(key, "|")
			value := i.ServiceMeta[key]
			switch kind {
			case "":
			case "int":
				n, err := strconv.Atoi(value)
				if err != nil {
					return nil, fmt.Errorf("byMeta %s: %s of %s is %q, want a number", keys, key, i.ID, value)
				}
				value = fmt.Sprintf("%05d", n)
			default:
				return nil, fmt.Errorf("byMeta %s: %s|%s: want %s or %s|int", keys, key, kind, key, key)
			}
			values = append(values, value)
		}
		group := strings.Join(values, "_")
		groups[group] = append(groups[group], i)
	}
	return groups, nil
}

// byPort groups instances by their port.
func byPort(list []Instance) map[int][]Instance {
	groups := map[int][]Instance{}
	for _, i := range list {
		groups[i.Port] = append(groups[i.Port], i)
	}
	return groups
}

// explode makes nested maps of what tree gives, a map for each folder.
func explode(list []KeyPair) (map[string]any, error) {
	top := map[string]any{}
	for _, p := range list {
		at := top
		parts := strings.Split(p.Key, "/")
		for _, part := range parts[:len(parts)-1] {
			if at[part] == nil {
				at[part] = map[string]any{}
			}
			next, ok := at[part].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("explode: %s is a key and a folder", part)
			}
			at = next
		}
		last := parts[len(parts)-1]
		if _, ok := at[last]; ok {
			return nil, fmt.Errorf("explode: %s is a key and a folder", p.Key)
		}
		at[last] = p.Value
	}
	return top, nil
}
