package process

import (
	"log/slog"
	"os"
)

// NewLogger logs to standard error, which is svlogd's pipe. svlogd adds the
// time.
func NewLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(Pipe{int(os.Stderr.Fd())}, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}
