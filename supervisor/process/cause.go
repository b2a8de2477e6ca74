package process

import "errors"

// Causes with which the context of a process ends.
var (
	ErrStop     = errors.New("told to stop")
	ErrHandOver = errors.New("told to hand over")
)
