// Command probe is an Ansible module that tells how it was called.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"rundock/internal/ansible"
)

var parameters = ansible.Spec{
	Module: "probe",
	Params: []ansible.Param{
		{Name: "text"},
		{Name: "items", Type: ansible.List},
		{Name: "secret", NoLog: true},
		{Name: "do", Choices: []string{"nothing", "fail", "panic", "hang_up"}, Default: "nothing"},
	},
}

func main() { ansible.Main(parameters, probe) }

func probe(c ansible.Call) ansible.Result {
	var p struct {
		Text   string `json:"text"`
		Items  []any  `json:"items"`
		Secret string `json:"secret"`
		Do     string `json:"do"`
	}
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	switch p.Do {
	case "fail":
		return ansible.Result{Err: fmt.Errorf("failed with %s", p.Secret)}
	case "panic":
		panic("on purpose")
	case "hang_up":
		// The shell in between has become this program.
		if err := syscall.Kill(os.Getppid(), syscall.SIGKILL); err != nil {
			return ansible.Result{Err: err}
		}
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return ansible.Result{Err: err}
	}
	info, err := os.Stat(program)
	if err != nil {
		return ansible.Result{Err: err}
	}
	environment := os.Getenv("PROBE")
	return ansible.Result{Values: map[string]any{
		"program": program,
		"inode":   fmt.Sprint(info.Sys().(*syscall.Stat_t).Ino),
		"words":   len(os.Args),
		"user":    os.Getuid(),
		"check":   c.Check,
		"diff":    c.Diff,
		"text":    p.Text,
		"items":   p.Items,
		"length":  len(p.Secret),
		"probe":   environment,
		"exposed": commandLine(p.Secret) || commandLine(environment),
	}}
}

// commandLine reports whether word is in the command line of any process here.
func commandLine(word string) bool {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || word == "" {
		return false
	}
	for _, path := range lines {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(word)) {
			return true
		}
	}
	return false
}
