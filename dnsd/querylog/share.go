package querylog

import (
	"fmt"
	"strconv"
	"strings"
)

// A Share is which part of the queries is logged: one in so many; 0: none.
type Share uint32

// UnmarshalText reads "off", "all" or "1/100".
func (s *Share) UnmarshalText(text []byte) error {
	switch string(text) {
	case "off":
		*s = 0
		return nil
	case "all":
		*s = 1
		return nil
	}
	of, ok := strings.CutPrefix(string(text), "1/")
	n, err := strconv.ParseUint(of, 10, 31)
	if !ok || err != nil || n == 0 {
		return fmt.Errorf("%q is not off, all, or a share such as 1/100", text)
	}
	*s = Share(n)
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (s Share) MarshalText() ([]byte, error) {
	switch s {
	case 0:
		return []byte("off"), nil
	case 1:
		return []byte("all"), nil
	}
	return fmt.Appendf(nil, "1/%d", s), nil
}
