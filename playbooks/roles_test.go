// Package playbooks has no code: it tests that roles know each other by what
// they declare.
package playbooks

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	variable = regexp.MustCompile(`(^|[^\w.])(rundock_\w+)`) // but for an attribute, as groups.rundock_etcd
	assigned = regexp.MustCompile(`(?m)^(?:# )?(rundock_\w+):|^ +register: (rundock_\w+)|set_fact:\n +(rundock_\w+):`)
	declared = regexp.MustCompile(`(?m)^      (rundock_\w+):$`)
	imported = regexp.MustCompile(`_role:\n +name: (\w+)`)
	comment  = regexp.MustCompile(`(?m)(^| )#.*$`)
)

type role struct {
	names    map[string]string // variables it names, and the file
	owns     []string          // in its defaults, also as a comment where there is no default, and vars, or by register or set_fact
	declares []string          // in meta/argument_specs.yml
	imports  []string          // roles, to which it gives what they declare
}

func roles(t *testing.T) map[string]role {
	t.Helper()
	found := map[string]role{}
	folders, _ := filepath.Glob("roles/*")
	for _, folder := range folders {
		r := role{names: map[string]string{}}
		files, _ := filepath.Glob(folder + "/*/*")
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			part := filepath.Base(filepath.Dir(file))
			if part == "meta" {
				for _, m := range declared.FindAllStringSubmatch(text, -1) {
					r.declares = append(r.declares, m[1])
				}
				continue
			}
			for _, m := range assigned.FindAllStringSubmatch(text, -1) {
				if part == "defaults" || part == "vars" || m[2]+m[3] != "" {
					r.owns = append(r.owns, m[1]+m[2]+m[3])
				}
			}
			for _, m := range imported.FindAllStringSubmatch(text, -1) {
				r.imports = append(r.imports, m[1])
			}
			for _, m := range variable.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
				r.names[m[2]] = file
			}
		}
		found[filepath.Base(folder)] = r
	}
	if len(found) < 8 {
		t.Fatalf("found the roles %v", found)
	}
	return found
}

// Words that look like variables and are none.
var others = []string{
	"rundock_overlay", "rundock_cert", "rundock_host", "rundock_info", "rundock_stack", // modules
	"rundock_inventory",                                                                                                                                                                   // a lookup of role checked
	"rundock_", "rundock_registry", "rundock_etcd", "rundock_consul", "rundock_image_registry", "rundock_loadbalancer", "rundock_preview", "rundock_preview_front", "rundock_preview_web", // groups of the inventory
	"rundock_registries", "rundock_registry_packages", // variables of earlier releases, which are refused
}

func TestRoles_name_variables_of_others_only_where_they_declare_them(t *testing.T) {
	all := roles(t)
	for name, r := range all {
		known := slices.Concat(r.owns, r.declares, others)
		for _, i := range r.imports {
			known = append(known, all[i].declares...)
		}
		for v, file := range r.names {
			if !slices.Contains(known, v) {
				t.Errorf("%s names %s, which role %s neither sets nor declares in meta/argument_specs.yml", file, v, name)
			}
		}
		for _, v := range r.declares {
			if r.names[v] == "" && !slices.Contains(r.owns, v) {
				t.Errorf("role %s declares %s, which it does not name", name, v)
			}
		}
	}
}

// The types of what is under variables are checked, for which each that is given is computed: those of
// another role are checked there, or are expressions. What Ansible checks itself, under main, takes a task for each
// role, and so is that of stack.yml alone.
func TestRoles_have_their_own_variables_checked_alone(t *testing.T) {
	all := roles(t)
	for name := range all {
		data, err := os.ReadFile("roles/" + name + "/meta/argument_specs.yml")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "\n  main:\n") != (name == "stack") {
			t.Errorf("role %s: its argument_specs have main, want variables", name)
		}
		_, checked, _ := strings.Cut(string(data), "\n  variables:\n")
		checked, _, _ = strings.Cut(checked, "\n  reads:\n")
		for _, m := range declared.FindAllStringSubmatch(checked, -1) {
			for other, r := range all {
				if other != name && slices.Contains(r.owns, m[1]) {
					t.Errorf("role %s has %s of role %s checked: put it under reads", name, m[1], other)
				}
			}
		}
	}
}

func TestRoles_own_each_variable_alone(t *testing.T) {
	owner := map[string]string{}
	for name, r := range roles(t) {
		for _, v := range r.owns {
			if before := owner[v]; before != "" && before != name {
				t.Errorf("roles %s and %s both set %s", before, name, v)
			}
			owner[v] = name
		}
	}
}

// A new role is added without an edit to role host: it takes part by the names
// of its variables.
func TestRole_host_knows_no_other_role(t *testing.T) {
	all := roles(t)
	host := all["host"]
	for name, r := range all {
		if name == "host" {
			continue
		}
		for _, v := range r.owns {
			if host.names[v] != "" || slices.Contains(host.declares, v) {
				t.Errorf("role host names %s, a variable of role %s", v, name)
			}
		}
		for _, part := range []string{"needs", "look", "wrong", "programs", "users", "files", "daemons", "unbooted", "awaited", "groups"} {
			for _, v := range r.owns {
				if strings.HasSuffix(v, "_"+part) && v != "rundock_"+name+"_"+part {
					t.Errorf("role %s sets %s, want rundock_%s_%s", name, v, name, part)
				}
			}
		}
	}
}
