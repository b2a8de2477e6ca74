package spec

import (
	"errors"
	"slices"
	"strings"
)

const (
	letters      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphanumeric = letters + "0123456789"
)

// consists reports whether s holds only characters of chars, all ASCII.
func consists(s, chars string) bool { return strings.Trim(s, chars) == "" }

// IsName is Docker's rule for names, of containers and networks for one, which
// keeps a name from being a path.
func IsName(s string) bool {
	return s != "" && consists(s[:1], alphanumeric) && consists(s, alphanumeric+"_.-")
}

// oneOf is canonical for a value of a few.
func oneOf(values ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(values, s) {
			return "", errors.New("not one of them")
		}
		return s, nil
	}
}
