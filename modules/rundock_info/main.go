// Command rundock_info is the Ansible module of the same name: what a host of
// rundock is, has and runs. It changes nothing.
//
// `rundockd facts` on the host finds it out: this program links no client of Docker's.
//
//	params   what a call takes
//	task     asking rundockd
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_info/params"
	"rundock/modules/rundock_info/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
