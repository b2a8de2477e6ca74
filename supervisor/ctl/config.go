package ctl

import (
	"errors"
	"fmt"
	"os"

	"rundock/internal/hostconfig"
)

// ConfigMain is `rundockd config [FILE]`: whether a host.json is right, for
// playbooks that check a file before it replaces the one in force. Addresses
// are looked up, as a wrong interface name is the commonest mistake.
func ConfigMain(args []string) int {
	path := hostconfig.Path
	switch len(args) {
	case 0:
	case 1:
		path = args[0]
	default:
		fmt.Fprintln(os.Stderr, "usage: rundockd config [FILE]")
		return 2
	}
	c, err := hostconfig.Load(path)
	if err == nil {
		_, private := c.PrivateAddress()
		_, public := c.PublicAddress()
		err = errors.Join(private, public)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd config:", err)
		return 1
	}
	return 0
}
