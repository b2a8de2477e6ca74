package compose

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"rundock/internal/nearest"
)

// below are the keys that a mapping may have, by its path in the table; where
// it may have any, they are none.
var below = func() map[string][]string {
	all := map[string][]string{}
	for _, k := range keys {
		parent, name := "", k.path
		if i := strings.LastIndexByte(k.path, '.'); i >= 0 {
			parent, name = k.path[:i], k.path[i+1:]
		}
		if above, ok := strings.CutSuffix(parent, ".*"); ok {
			all[above] = []string{"*"}
		}
		all[parent] = append(all[parent], name)
	}
	return all
}()

// formerKeys are keys of services of former versions, and what stands for them
// in files that have services.
var formerKeys = map[string]string{
	"net": "network_mode", "log_driver": "logging.driver", "log_opt": "logging.options", "dockerfile": "build.dockerfile",
	"cpu_percent_limit": "cpus", "memory": "mem_limit", "env": "environment", "workdir": "working_dir", "network": "networks",
	"volume_driver": "driver of the volumes at the top level", "log_options": "logging.options",
}

// unknown finds keys that the specification does not have. at is the path of n
// in the table, shown that in the file.
func (p *project) unknown(file, at, shown string, n *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			p.unknown(file, at, fmt.Sprintf("%s[%d]", shown, i), item)
		}
		return
	}
	known := below[at]
	if known == nil {
		return
	}
	entries(n, func(k, v *yaml.Node) {
		path := strings.TrimPrefix(at+"."+k.Value, ".")
		if len(known) == 1 && known[0] == "*" {
			path = at + ".*"
		} else if _, ok := treatments[path]; !ok {
			if !strings.HasPrefix(k.Value, "x-") {
				p.wrong = append(p.wrong, unknownKey(file, at, strings.TrimPrefix(shown+"."+k.Value, "."), k, known))
			}
			return
		}
		if w := treatments[path].what; w != noted && w != refused {
			p.unknown(file, path, strings.TrimPrefix(shown+"."+k.Value, "."), v)
		}
	})
}

func unknownKey(file, at, shown string, k *yaml.Node, known []string) Finding {
	f := Finding{File: file, Line: k.Line, Key: shown, Text: "there is no such key in the compose specification"}
	if rest, ok := strings.CutPrefix(shown, "services."); ok {
		f.Service, f.Key, _ = strings.Cut(rest, ".")
	}
	if now, ok := formerKeys[k.Value]; ok && at == "services.*" {
		f.Text += "; it is " + now
	} else if guess := nearest.Of(k.Value, known); guess != "" {
		f.Text += "; is " + guess + " meant?"
	}
	return f
}
