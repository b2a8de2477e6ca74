package params

import "rundock/internal/ansible"

const day = 24 * 60 * 60 // seconds

// limits is a number and what it may be; nil is not given.
type limits struct {
	name      string
	value     *int
	low, high int
}

func (b limits) check(prefix string) error {
	if b.value == nil {
		return nil
	}
	return ansible.Between(prefix+b.name, *b.value, b.low, b.high)
}
