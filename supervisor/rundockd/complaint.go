package main

import "time"

// repeatAfter is how long a complaint that goes on is not logged again.
const repeatAfter = 10 * time.Minute

// complaint remembers what was complained of lately.
type complaint struct {
	last map[string]time.Time
}

// news reports whether text is to be logged now.
func (c *complaint) news(now time.Time, text string) bool {
	if at, ok := c.last[text]; ok && now.Sub(at) < repeatAfter {
		return false
	}
	if c.last == nil || len(c.last) >= 100 { // texts that all differ are no flood of the same
		c.last = map[string]time.Time{}
	}
	c.last[text] = now
	return true
}
