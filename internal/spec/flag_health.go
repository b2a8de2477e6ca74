package spec

import "strings"

// health is c's health check, to be read and written.
func health(c *Container) *Healthcheck {
	if c.Healthcheck == nil {
		c.Healthcheck = &Healthcheck{}
	}
	return c.Healthcheck
}

// healthCommand is the check as a command for a shell; one that needs no
// shell, which no flag can say, is shown so too.
func healthCommand(c *Container) []string {
	h := health(c)
	switch {
	case h.Command != "":
		return []string{h.Command}
	case h.Exec != nil:
		words := make([]string, len(h.Exec))
		for i, w := range h.Exec {
			words[i] = quote(w)
		}
		return []string{strings.Join(words, " ")}
	}
	return nil
}
