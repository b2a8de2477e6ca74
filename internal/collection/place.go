package collection

import (
	"path"
	"regexp"
	"strings"
)

// place returns where in the collection a file of the checkout goes; false for one that
// stays out.
//
//	playbooks/remove-host.yml                  playbooks/remove_host.yml
//	playbooks/roles/dnsd/tasks/main.yml        roles/dnsd/tasks/main.yml
//	playbooks/roles/checked/lookup_plugins/x.py plugins/lookup/x.py
//	playbooks/plugins/action/rundock.py        plugins/action/rundock.py
//	playbooks/collection/meta/runtime.yml      meta/runtime.yml
//
// In the name of a playbook Ansible takes no hyphen, and of a role in a collection no plugins.
func place(tracked string) (string, bool) {
	if tracked == "CHANGELOG.md" {
		return tracked, true
	}
	below, ok := strings.CutPrefix(tracked, "playbooks/")
	if !ok {
		return "", false
	}
	top, rest, _ := strings.Cut(below, "/")
	switch top {
	case "roles":
		if path.Base(path.Dir(rest)) == "lookup_plugins" {
			return "plugins/lookup/" + path.Base(rest), true
		}
		return below, true
	case "plugins":
		return below, true
	case "collection":
		return rest, true
	}
	if rest == "" && strings.HasSuffix(below, ".yml") {
		return "playbooks/" + strings.ReplaceAll(below, "-", "_"), true
	}
	return "", false // the demo, examples and tests
}

var (
	lookup   = regexp.MustCompile(`\b(query|lookup)\('(rundock_\w+)'`)
	examples = regexp.MustCompile(`(?s)\nEXAMPLES = r'''\n.*?\n'''\n`)
	called   = regexp.MustCompile(`(?m)^  (rundock(?:_\w+)?):`)
	module   = regexp.MustCompile(`\bM\((rundock(?:_\w+)?)\)`)
)

// adapt returns a file's content as the collection has it. A lookup is found by its full
// name alone, whichever collections a role searches; examples are to work where none is
// searched; and a module that documentation names is a link by its full name.
func adapt(to string, data []byte) []byte {
	switch {
	case strings.HasPrefix(to, "roles/"), strings.HasPrefix(to, "playbooks/"):
		return lookup.ReplaceAll(data, []byte("$1('"+Name+".$2'"))
	case strings.HasPrefix(to, "plugins/modules/"):
		data = module.ReplaceAll(data, []byte("M("+Name+".$1)"))
		return examples.ReplaceAllFunc(data, func(part []byte) []byte {
			return called.ReplaceAll(part, []byte("  "+Name+".$1:"))
		})
	}
	return data
}
