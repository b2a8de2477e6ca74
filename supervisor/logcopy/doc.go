// Package logcopy copies what a container logs to svlogd, each message once:
// copy.go follows Docker's stream, cursor.go records how far it came, and
// recent.go finds in svlogd's files what a killed predecessor had written.
package logcopy
