// Package spool is a queue of log lines on disk, with a bound: what was appended is read
// in its order, and goes once it is acknowledged. When there is more than the bound allows,
// the oldest goes and is counted.
//
// A spool is a folder of segments, NUMBER.seg, of which the last is appended to. NUMBER is
// that of its first line; lines are numbered from 1 on, and a number is never used twice.
// A segment is records one after the other: length and CRC-32C of what follows (4 bytes
// each, little-endian), and then
//
//	number of the first line, 8 bytes; lines, 4 bytes; length of the note, 4 bytes
//	the note; the lines, each with its newline
//
// The note is the writer's: from which folder the lines are, and up to where that was read
// with them. So a line and the place after it are on disk at once or not at all, whatever is
// killed when. Each segment begins with a record of no lines, whose note is all that notes
// before it have said.
//
// acknowledged.json has the number of the first line that is not acknowledged. It is
// written to a temporary file, synced, renamed.
package spool
