package params

import (
	"errors"
	"fmt"
	"strings"

	"rundock/internal/stack"
	"rundock/supervisor"
)

// slotParams make a service a slot of a stack.
const slotParams = "stack, slot"

// checkSlot refuses what cannot be a slot of a stack.
func (p Params) checkSlot() error {
	if p.Stack == "" && p.Slot == "" {
		if len(p.Aliases) > 0 {
			return fmt.Errorf("missing parameter(s) required by 'aliases': %s", slotParams)
		}
		return nil
	}
	if p.Stack == "" || p.Slot == "" {
		return fmt.Errorf("parameters are required together: %s", slotParams)
	}
	slot, err := stack.ParseSlot(p.Slot)
	if err != nil {
		return fmt.Errorf("value of slot must be a service and a number, such as web.1, got: %q", p.Slot)
	}
	if err := supervisor.CheckSlot(p.Stack, slot); err != nil {
		return err
	}
	switch {
	case p.Colour != "":
		return errors.New("parameters are mutually exclusive: stack|colour")
	case p.Name != slot.Container(p.Stack):
		return fmt.Errorf("value of name must be %s, as stack is %s and slot %s, got: %s", slot.Container(p.Stack), p.Stack, p.Slot, p.Name)
	case !p.Installs():
	case p.Image == nil:
		return fmt.Errorf("missing parameter(s) required by '%s': image", slotParams)
	case len(p.Aliases) > 0 && !p.announced():
		return errors.New("missing parameter(s) required by 'aliases': announce, announces")
	}
	return nil
}

// checkNamesakes refuses a list in which a service has the name of a stack: both
// would answer it in DNS.
func checkNamesakes(list []Params) error {
	stacks := map[string]bool{}
	for _, p := range list {
		if p.Installs() && p.Stack != "" {
			stacks[p.Stack] = true
		}
	}
	for i, p := range list {
		name := strings.TrimSuffix(p.Name, "-"+p.Colour)
		if p.Installs() && p.Stack == "" && p.announced() && stacks[name] {
			return fmt.Errorf("value of services[%d].name must be another than that of a stack, got: %s", i, name)
		}
	}
	return nil
}
