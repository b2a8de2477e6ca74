package supervisor

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// Roles of a host for a slot.
const (
	Main    = "main"
	Standby = "standby"
)

// Labels of a slot's container. Tools for compose know a container by the
// latter two, and so do rules of placement.
const (
	LabelStack   = "rundock.stack"
	LabelSlot    = "rundock.slot"
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
)

// CheckStack refuses what cannot be the name of a stack, which is a label of DNS names.
func CheckStack(name string) error {
	if !isLabel(name, lower+"-") {
		return fmt.Errorf("stack %q: want a DNS label: up to 63 of a-z, 0-9 and -, neither the first nor the last a -", name)
	}
	return nil
}

// CheckSlot refuses what cannot be a slot of a stack: the name of the stack and
// of the slot's service are labels of DNS names. "" and the zero Slot are a
// service of no stack.
func CheckSlot(name string, slot stack.Slot) error {
	switch {
	case name == "" && slot == stack.Slot{}:
		return nil
	case name == "" || slot == stack.Slot{}:
		return errors.New("a slot is of a stack, and a stack has slots: give both or none")
	case CheckStack(name) != nil:
		return CheckStack(name)
	case !isLabel(slot.Service, lower+upper+"_-"):
		return fmt.Errorf("slot %s: want a service of up to 63 of a-z, A-Z, 0-9, _ and -, the first and the last a letter or a digit", slot)
	case slot.Number < 1:
		return fmt.Errorf("slot %s: want a number of at least 1", slot)
	}
	return nil
}

// checkAlias refuses what cannot be a further name of a service in its stack: sql, or
// sql@shop_back, which leads to the container's address in a network, and sql._back@shop_back,
// which those find who ask from there.
func checkAlias(alias string) error {
	name, _, of := strings.Cut(alias, "@")
	if of {
		name, _, _ = strings.Cut(name, "._")
	}
	if !isLabel(name, lower+upper+"_-") || of && strings.Trim(alias, lower+upper+"_-.@") != "" {
		return fmt.Errorf("alias %q: want up to 63 of a-z, A-Z, 0-9, _ and -, the first and the last a letter or a digit", alias)
	}
	return nil
}

const (
	lower = "abcdefghijklmnopqrstuvwxyz0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// isLabel reports whether text can be a label of a DNS name, of these characters.
func isLabel(text, of string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, of) == "" && !strings.ContainsAny(text[:1]+text[len(text)-1:], "_-")
}

// checkStack holds s to its stack: the name of a slot's service is the one that
// its container has in every release.
func (s Service) checkStack() error {
	if s.Role != "" && (s.Stack == "" || s.Job || s.StartFirst > 0) {
		return errors.New("a role is of a slot that is no job and stops first")
	}
	if s.Stack == "" && len(s.Announce.Aliases) > 0 {
		return errors.New("aliases are names in a stack, and it is of none")
	}
	if err := CheckSlot(s.Stack, s.Slot); err != nil || s.Stack == "" {
		return err
	}
	for _, alias := range s.Announce.Aliases {
		if err := checkAlias(alias); err != nil {
			return err
		}
	}
	switch name := s.Slot.Container(s.Stack); {
	case s.Name != name:
		return fmt.Errorf("slot %s of stack %s is called %s", s.Slot, s.Stack, name)
	case !s.Runs():
		return errors.New("a slot of a stack has a container, and this one has no image")
	case s.Announce.Colour != "":
		return errors.New("a slot of a stack has no colour")
	}
	return nil
}

// labelled is c with the labels of the slot that s is, if it is one.
func (s Service) labelled(c spec.Container) spec.Container {
	if s.Stack == "" {
		return c
	}
	labels := map[string]string{}
	maps.Copy(labels, c.Labels)
	labels[LabelStack], labels[LabelSlot] = s.Stack, s.Slot.String()
	labels[labelProject], labels[labelService] = s.Stack, s.Slot.Service
	c.Labels = labels
	return c
}

// SearchDomain is where a container of s looks for short names first: the stack's
// names in this zone. It is "" for a service of no stack, and for a container
// that has no name service of its own.
func (s Service) SearchDomain(zone string) string {
	if s.Stack == "" || s.Container.Network == "host" || s.Container.Network == "none" || strings.HasPrefix(s.Container.Network, "container:") {
		return ""
	}
	return s.Stack + "." + zone
}
