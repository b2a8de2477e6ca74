package ansible

import "fmt"

// Between returns an error if the number n, which is the value of the parameter name, is not one
// from low to high. A module asks it where the number counts: a Spec has no limits of numbers.
func Between(name string, n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("value of %s must be between %d and %d, got: %d", name, low, high, n)
	}
	return nil
}
