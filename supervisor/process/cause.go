package process

import "errors"

// ErrStop is the cause with which the context of a process ends that was told
// to stop. That of one that was told to hand over is registry.ErrHandOver.
var ErrStop = errors.New("told to stop")
