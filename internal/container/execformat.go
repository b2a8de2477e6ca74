package container

import (
	"context"
	"runtime"
	"strings"
)

// WhyNotExecutable explains what the container id, or its log, says where the
// kernel did not know the format of its program; "" where it says another
// thing.
func (c *Client) WhyNotExecutable(ctx context.Context, id, text string) string {
	if !strings.Contains(text, execFormat) {
		return ""
	}
	image := ""
	if made, err := c.api().ContainerInspect(ctx, id); err == nil {
		if i, err := c.api().ImageInspect(ctx, made.Image); err == nil {
			image = i.Architecture
		}
	}
	return notExecutable(image, runtime.GOARCH)
}

// execFormat is what ENOEXEC is called.
const execFormat = "exec format error"

// notExecutable is why a program of an image for one architecture cannot be
// executed on a host of another, or the same.
func notExecutable(image, host string) string {
	switch image {
	case "", host:
		return "the program is for another processor than the host's, " + host + ", or a script whose first line is not #! and an interpreter"
	}
	return "the image is for " + image + " and the host is " + host + ": build it for that, or pull the one that is"
}
