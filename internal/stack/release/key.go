package release

import (
	"strconv"
	"strings"
)

// Prefix begins the keys of all stacks.
const Prefix = "/rundock/v1/stacks/"

// NoteKey is that of the note which key secrets of stacks are sealed by.
const NoteKey = "/rundock/v1/stack-key"

// StackPrefix begins the keys of a stack.
func StackPrefix(stack string) string { return Prefix + stack + "/" }

// Key is that of a Release.
func Key(stack string, number int) string {
	return StackPrefix(stack) + "releases/" + strconv.Itoa(number)
}

// CurrentKey is that of a stack's Pointer.
func CurrentKey(stack string) string { return StackPrefix(stack) + "current" }

// LockKey is that of a stack's Lock.
func LockKey(stack string) string { return StackPrefix(stack) + "lock" }

// BlobKey is that of a config, by its hash.
func BlobKey(stack, hash string) string { return StackPrefix(stack) + "blobs/" + hash }

// kind is what a key is of.
type kind int

const (
	kindOther kind = iota // what is not ours
	kindRelease
	kindCurrent
	kindLock
	kindBlob
)

// split says what a key of a stack is of: which release, which blob.
func split(stack, key string) (k kind, number int, hash string) {
	rest, ok := strings.CutPrefix(key, StackPrefix(stack))
	if !ok {
		return kindOther, 0, ""
	}
	if text, ok := strings.CutPrefix(rest, "releases/"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return kindRelease, n, ""
		}
		return kindOther, 0, ""
	}
	if hash, ok := strings.CutPrefix(rest, "blobs/"); ok {
		return kindBlob, 0, hash
	}
	switch rest {
	case "current":
		return kindCurrent, 0, ""
	case "lock":
		return kindLock, 0, ""
	}
	return kindOther, 0, ""
}
