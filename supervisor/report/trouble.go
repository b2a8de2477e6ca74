package report

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// Trouble is why something could not be found out. The zero value: it could.
type Trouble struct {
	Text   string
	Denied bool // for lack of rights: root would know
}

const deniedText = "permission denied"

// Failed reports whether there is trouble.
func (t Trouble) Failed() bool { return t.Text != "" }

// TroubleOf makes trouble of an error, none of nil.
func TroubleOf(err error) Trouble {
	if err == nil {
		return Trouble{}
	}
	text := err.Error()
	// The Docker client tells it by the text alone, and twice in that.
	before, _, denied := strings.Cut(text, deniedText)
	if denied {
		text = before + deniedText
	}
	return Trouble{Text: text, Denied: denied || errors.Is(err, fs.ErrPermission)}
}

// Reason is what the kernel said in an error of package net, without the
// addresses that the package adds.
func Reason(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}
