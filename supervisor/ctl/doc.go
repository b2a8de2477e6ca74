// Package ctl answers what modules, playbooks and generated scripts ask of
// rundockd: ctl's requests on stdin (ctl.go, ctladopt.go, ctlstop.go, ctlwait.go),
// check, config, handover and reap.
package ctl
