// Package overlayctl has the commands of `rundockd overlay`: try, check, leave and
// forget; status, peers and explain are package report's.
package overlayctl
