// Package renderer keeps files as templates and the store say: the process
// `rundockd render`, one for all templates of a host.
//
// One watch is folded into a render.State (host.go), and each template has a
// job (job.go): it waits until changes are quiet, renders, decides whether the
// file may take the place of the last good one (decide.go), and places it:
// staged, checked, renamed, reloaded (place.go).
package renderer
