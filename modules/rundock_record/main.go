// Command rundock_record is the Ansible module of the same name: a record in
// DNS that no sidecar announces, of a host outside, a mail exchanger, a text.
//
// What is asked for is a key of the store and its value; how it
// stands there and what to do is decided from what `rundockd ctl` reads, and
// `dnsd check` judges the record before it is written.
//
//	params   what a call takes, and the record that it asks for
//	plan     whether the record is to be written; pure
//	task     having it judged, reading and writing it
//
// README.md beside this file says what users may rely on.
package main

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_record/params"
	"rundock/modules/rundock_record/task"
)

func main() { ansible.Main(params.Spec, task.Do) }
