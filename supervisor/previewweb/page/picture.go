package page

import (
	"fmt"

	"rundock/supervisor/previewweb/known"
)

// picture is one of hosts, with what runs on each.
type picture struct {
	Width, Height int
	Boxes         []box
}

// box is a host in it. Numbers are in the picture's units.
type box struct {
	X, Y, Width, Height int
	Name, State         string
	Alive               bool
	Lines               []line
}

type line struct {
	X, Y int
	Text string
}

const (
	across     = 3 // boxes beside each other
	boxWidth   = 250
	gap        = 20
	lineHeight = 20
	linesMost  = 12
	lineLong   = 30 // characters
)

// draw places hosts in rows; each row is as high as its highest box.
func draw(hosts []known.Host) picture {
	p := picture{Width: gap + across*(boxWidth+gap)}
	y := gap
	for row := 0; row < len(hosts); row += across {
		height := 0
		for i, h := range hosts[row:min(row+across, len(hosts))] {
			b := boxOf(h, gap+i*(boxWidth+gap), y)
			height = max(height, b.Height)
			p.Boxes = append(p.Boxes, b)
		}
		for i := row; i < len(p.Boxes); i++ {
			p.Boxes[i].Height = height
		}
		y += height + gap
	}
	p.Height = y
	return p
}

func boxOf(h known.Host, x, y int) box {
	b := box{X: x, Y: y, Width: boxWidth, Name: h.Name, Alive: h.Alive, State: "up"}
	if !h.Alive {
		b.State = "not heard of"
	}
	if h.LoadBalancer {
		b.State += ", load balancer"
	}
	texts := []string{b.State}
	if h.Load != nil {
		texts = append(texts, "load "+loadOf(h))
	}
	texts = append(texts, h.Runs...)
	for _, name := range h.Works {
		texts = append(texts, "builds "+name)
	}
	if n := len(texts); n > linesMost {
		texts = append(texts[:linesMost-1], fmt.Sprintf("and %d more", n-linesMost+1))
	}
	for i, text := range texts {
		if short := []rune(text); len(short) > lineLong {
			text = string(short[:lineLong-1]) + "…"
		}
		b.Lines = append(b.Lines, line{x + 12, y + 48 + i*lineHeight, text})
	}
	b.Height = 48 + len(texts)*lineHeight
	return b
}

// loadOf is a host's load for people: 0.3 of 2, 1.2 of 3.8 GiB.
func loadOf(h known.Host) string {
	if h.Load == nil {
		return ""
	}
	return fmt.Sprintf("%.1f of %d, %.1f of %.1f GiB", *h.Load, h.CPUs, float64(h.Memory-h.Free)/1024, float64(h.Memory)/1024)
}

// Title is where the box's name is.
func (b box) Title() line { return line{b.X + 12, b.Y + 24, b.Name} }
