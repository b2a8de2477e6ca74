package renderer

import (
	"context"
	"os"
	"time"

	"rundock/internal/control"
	"rundock/internal/pause"
	"rundock/supervisor"
)

// sourceLook is how often it is seen whether the file of a template has changed.
const sourceLook = time.Second

// source is the template itself, and what errors call it.
func source(t supervisor.Template) (text, name string, err error) {
	if t.Src == "" {
		return t.Content, t.Name, nil
	}
	data, err := os.ReadFile(t.Src)
	return string(data), t.Src, err
}

// followSource has the template's file, whose sum was seen, rendered anew when it
// changes, until ctx is done. One that is written in its place may be read half; it
// is read again when it is whole.
func (j *job) followSource(ctx context.Context, seen string) {
	for pause.For(ctx, sourceLook) == nil {
		if now := control.FileSum(j.t.Src); now != seen && j.host.knows() {
			seen = now
			j.poke()
		}
	}
}
