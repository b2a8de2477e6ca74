// Command rundock_cert is the Ansible module of the same name: certificates of a
// host, signed by the authority of the site.
//
// It has `rundockd cert` do that: with X.509 this program would be too large.
//
//	params   what a call takes
//	task     asking rundockd, and what it answers
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_cert/params"
	"rundock/modules/rundock_cert/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
