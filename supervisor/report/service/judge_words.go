package service

import (
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/control"
)

// mendDocker says what to do while dockerd does not answer.
const mendDocker = "on this host: service docker status; service docker start; its log tells why"

// hiddenLink is the link by which an administrator keeps the service disabled.
func hiddenLink(h hostFacts, s serviceFacts) string { return h.Service + "/.docker-" + s.Name }

// halfOf is the folder for sv of half service or announce.
func halfOf(h hostFacts, s serviceFacts, half string) string {
	if s.Runs && s.Announced {
		return h.Service + "/docker-" + s.Name + "/services/" + half
	}
	return "docker-" + s.Name
}

// statusFile is where a process of the service says what it is doing.
func statusFile(s serviceFacts, file string) string {
	return filepath.Join(control.Dir, s.Name, file)
}

// join puts together what is not empty.
func join(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "; ")
}

// shortID is the form of an id that docker ps prints.
func shortID(id string) string { return fmt.Sprintf("%.12s", id) }

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
