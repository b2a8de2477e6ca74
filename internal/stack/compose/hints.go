package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"rundock/internal/stack"
)

// Classic Swarm has its rules of placement in the environment:
//
//	environment:
//	  - constraint:node==node-1
//	  - affinity:container!=~web_*
//	  - reschedule:on-node-failure
//
// compose-go makes a map of such a list, cut at the first =, in which the
// second of two affinities replaces the first. So they are taken out of the
// YAML before it reads it, and put where it merges them as variables were
// merged: those of a file replace those of the same name before it.

// hintsKey is where a service's hints are while compose-go merges the files: a
// mapping of a variable's name (constraint:node) to its values, a line each.
const hintsKey = "x-rundock-hints"

// On what hints are about, as the names of their variables begin.
const (
	constraintHint = "constraint:"
	affinityHint   = "affinity:"
	rescheduleHint = "reschedule:"
)

// Labels of an image or a service that say the same, as JSON lists.
const (
	constraintsLabel = "com.docker.swarm.constraints"
	affinitiesLabel  = "com.docker.swarm.affinities"
	rescheduleLabel  = "com.docker.swarm.reschedule-policies"
)

var hintLabels = []string{constraintsLabel, affinitiesLabel, rescheduleLabel}

func isHint(variable string) bool {
	return strings.HasPrefix(variable, constraintHint) || strings.HasPrefix(variable, affinityHint) || strings.HasPrefix(variable, rescheduleHint)
}

// takeHints takes the hints out of a service's environment, which is a list or
// a mapping, and puts them under hintsKey.
func takeHints(service *yaml.Node) {
	environment := at(service, "environment")
	if environment == nil {
		return
	}
	found := map[string][]string{}
	add := func(variable string) {
		name, value, _ := strings.Cut(variable, "=")
		found[name] = append(found[name], value)
	}
	var rest []*yaml.Node
	switch environment.Kind {
	case yaml.SequenceNode:
		for _, item := range environment.Content {
			if item.Kind == yaml.ScalarNode && isHint(item.Value) {
				add(item.Value)
			} else {
				rest = append(rest, item)
			}
		}
	case yaml.MappingNode:
		entries(environment, func(k, v *yaml.Node) {
			switch {
			case !isHint(k.Value) || v.Kind != yaml.ScalarNode:
				rest = append(rest, k, v)
			case v.Tag == "!!null" || v.Value == "":
				add(k.Value)
			case strings.HasPrefix(v.Value, "==") || strings.HasPrefix(v.Value, "!="):
				add(k.Value + v.Value) // constraint:node: ==a
			default:
				add(k.Value + "=" + v.Value) // constraint:node: =a, as what is cut at the first =
			}
		})
	}
	if len(found) == 0 {
		return
	}
	environment.Content = rest
	hints := mapping(environment.Line)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		hints.Content = append(hints.Content, text(name, environment.Line), text(strings.Join(found[name], "\n"), environment.Line))
	}
	put(service, hintsKey, hints)
}

// hints are what of a service's rules is not in deploy.placement.
type hints struct {
	constraints, affinities []stack.Rule
	reschedule              bool
}

// fromEnvironment reads what takeHints has found, once it is merged.
func (h *hints) fromEnvironment(merged any) error {
	found, ok := merged.(map[string]any)
	if !ok {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		values, _ := found[name].(string)
		for value := range strings.SplitSeq(values, "\n") {
			// The name has the first character of an operator that is !=.
			if err := h.add(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// add reads one hint, cut at its first =.
func (h *hints) add(name, value string) error {
	if policy, ok := strings.CutPrefix(name, rescheduleHint); ok {
		return h.addPolicy(policy)
	}
	kind, key, _ := strings.Cut(name, ":")
	expression := key + "=" + value
	r, err := parseClassic(expression)
	if err != nil {
		return fmt.Errorf("%s:%s: %w", kind, expression, err)
	}
	return h.addRule(kind+":", r)
}

func (h *hints) addRule(kind string, r stack.Rule) error {
	if kind == constraintHint {
		r.Key = constraintKey(r.Key)
		h.constraints = append(h.constraints, r)
		return nil
	}
	if r.Key != stack.KeyContainer && r.Key != stack.KeyImage {
		r.Key = stack.LabelPrefix + r.Key
	}
	h.affinities = append(h.affinities, r)
	return nil
}

func (h *hints) addPolicy(policy string) error {
	switch policy {
	case "on-node-failure":
		h.reschedule = true
	case "off":
	default:
		return fmt.Errorf("reschedule:%s: allowed: on-node-failure, off", policy)
	}
	return nil
}

// fromLabels reads the labels that hold hints.
func (h *hints) fromLabels(labels map[string]string) error {
	for _, label := range hintLabels {
		value, ok := labels[label]
		if !ok {
			continue
		}
		var list []string
		if err := json.Unmarshal([]byte(value), &list); err != nil {
			return fmt.Errorf(`label %s: not a list in JSON, as ["node==a"]`, label)
		}
		for _, expression := range list {
			if label == rescheduleLabel {
				if err := h.addPolicy(expression); err != nil {
					return fmt.Errorf("label %s: %w", label, err)
				}
				continue
			}
			kind := constraintHint
			if label == affinitiesLabel {
				kind = affinityHint
			}
			r, err := parseClassic(expression)
			if err == nil {
				err = h.addRule(kind, r)
			}
			if err != nil {
				return fmt.Errorf("label %s: %s: %w", label, expression, err)
			}
		}
	}
	return nil
}

var (
	classicKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	swarmKey   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)
)

// parseClassic reads a rule of classic Swarm: key==value or key!=value, where
// value may begin with ~, hold *, or be /an expression/.
func parseClassic(expression string) (stack.Rule, error) {
	key, value, not, err := cutOperator(expression)
	r := stack.Rule{Key: key, Not: not, Value: value}
	switch {
	case err != nil:
		return r, err
	case !classicKey.MatchString(key):
		return r, fmt.Errorf("%q is no key", key)
	}
	if rest, ok := strings.CutPrefix(value, "~"); ok {
		r.Soft, r.Value = true, rest
	}
	if v := r.Value; len(v) > 1 && strings.HasPrefix(v, "/") && strings.HasSuffix(v, "/") {
		r.Match, r.Value = stack.Regexp, v[1:len(v)-1]
		if _, err := regexp.Compile(r.Value); err != nil {
			return r, fmt.Errorf("%q is no regular expression: %w", r.Value, err)
		}
	}
	if r.Value == "" {
		return r, fmt.Errorf("a value is missing")
	}
	return r, nil
}

// cutOperator takes key==value or key!=value apart.
func cutOperator(expression string) (key, value string, not bool, err error) {
	i := strings.Index(expression, "=")
	switch {
	case i > 0 && expression[i-1] == '!':
		return expression[:i-1], expression[i+1:], true, nil
	case i >= 0 && strings.HasPrefix(expression[i:], "=="):
		return expression[:i], expression[i+2:], false, nil
	}
	return "", "", false, fmt.Errorf("neither == nor != is in it")
}

// constraintKey is a key of a host's rule as the model has it: what is no
// property of the host is a label.
func constraintKey(key string) string {
	switch key {
	case stack.KeyNode, stack.KeyRole, stack.KeyArch, stack.KeyOS, stack.KeyGroup:
		return key
	}
	return stack.LabelPrefix + key
}

// parseSwarm reads a constraint of Swarm mode, such as node.labels.zone == a.
func parseSwarm(expression string) (stack.Rule, error) {
	key, value, not, err := cutOperator(expression)
	if err != nil {
		return stack.Rule{}, err
	}
	r := stack.Rule{Not: not, Value: strings.TrimSpace(value), Match: stack.Word}
	if r.Key, err = swarmConstraintKey(strings.TrimSpace(key)); err != nil {
		return r, err
	}
	switch {
	case r.Value == "":
		return r, fmt.Errorf("a value is missing")
	case r.Key == stack.KeyRole && r.Value != "manager" && r.Value != "worker":
		return r, fmt.Errorf("a role is manager or worker")
	case r.Key == stack.KeyArch:
		r.Value = archOf(r.Value)
	}
	return r, nil
}

// swarmConstraintKey is the key of the model for one of Swarm mode's.
func swarmConstraintKey(key string) (string, error) {
	switch key {
	case "node.hostname":
		return stack.KeyNode, nil
	case "node.role":
		return stack.KeyRole, nil
	case "node.platform.arch":
		return stack.KeyArch, nil
	case "node.platform.os":
		return stack.KeyOS, nil
	case "node.id", "node.ip":
		return "", fmt.Errorf("%s is not taken: name the host by node.hostname", key)
	}
	for _, prefix := range []string{"node.labels.", "engine.labels."} {
		if label, ok := strings.CutPrefix(key, prefix); ok && swarmKey.MatchString(label) {
			return stack.LabelPrefix + label, nil
		}
	}
	return "", fmt.Errorf("%q is no key; allowed: node.hostname, node.role, node.platform.arch, node.platform.os, node.labels.NAME, engine.labels.NAME", key)
}

// archOf is Go's name of an architecture that uname calls otherwise.
func archOf(name string) string {
	switch strings.ToLower(name) {
	case "x86_64", "x86-64":
		return "amd64"
	case "aarch64", "armv8":
		return "arm64"
	}
	return name
}
