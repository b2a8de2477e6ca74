package report

import (
	"fmt"
	"time"
)

// Age is how long ago t is, as Span.
func Age(now, t time.Time) string { return Span(now.Sub(t)) }

// Span is d for people, in its two largest units: 12s, 3m5s, 4h3m, 5d4h.
func Span(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// Stamp is t for people.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
