// Command rundock_switch is the Ansible module of the same name: it gives a
// service's traffic to its other colour, or leaves it as it was.
//
// It has `rundockd switch` do that, which speaks to the store: this program links
// no network client.
//
//	params   what a call takes
//	task     having rundockd do it, and what became of it
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_switch/params"
	"rundock/modules/rundock_switch/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
