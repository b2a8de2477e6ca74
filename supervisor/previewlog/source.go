package previewlog

import (
	"context"
	"strconv"
	"strings"
	"time"

	"rundock/internal/pause"
)

// Line is one of a log.
type Line struct {
	Number int       `json:"n,omitempty" doc:"in a build's log, from 1; where lines were left out, numbers are missing"`
	Time   time.Time `json:"t"`
	Text   string    `json:"text" doc:"may have control sequences of terminals"`
}

// Log is what was read of one.
type Log struct {
	Build string `json:"build,omitempty" doc:"of a build's log: another one for each build; left out where there is no log"`
	Lines []Line `json:"lines"`
	Next  string `json:"next" doc:"what ?after= takes for the lines after these"`
}

// Place is a line of a log: what was read last. Build is the build, or the file that a container's
// log was in then; Line is the line's number, or where it ends in that file.
type Place struct {
	Build string
	Line  int
}

// String is p as the id of an event; ParsePlace is its inverse.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return p.Build + "." + strconv.Itoa(p.Line)
}

// ParsePlace reads an id. What is none is the zero Place, before all lines.
func ParsePlace(id string) Place {
	build, line, _ := strings.Cut(id, ".")
	n, err := strconv.Atoi(line)
	if err != nil || n < 0 {
		return Place{}
	}
	return Place{build, n}
}

// Reading is what is told of a log that is read.
type Reading struct {
	On   func(anew bool, at Place, l Line) error // a line; anew: it is the first of another build
	Sent func() error                            // after all lines that there were; nil: nobody is to know
	Idle func() error                            // there was none for a while
}

// Source is a log. An error of Reading ends it, and is returned.
type Source interface {
	// Read tells of the lines after a place, of those that are kept where that is of another build.
	Read(ctx context.Context, after Place, r Reading) error
	// Follow does as well, and tells of those that come, until ctx is done.
	Follow(ctx context.Context, after Place, r Reading) error
}

// ReadAll is what Read tells of.
func ReadAll(ctx context.Context, from Source, after Place) (Log, error) {
	log := Log{Lines: []Line{}, Next: after.String()}
	err := from.Read(ctx, after, Reading{On: func(_ bool, at Place, l Line) error {
		log.Lines, log.Next = append(log.Lines, l), at.String()
		if l.Number > 0 {
			log.Build = at.Build
		}
		return nil
	}})
	return log, err
}

// lookEvery is how often a log is looked at that is followed.
const lookEvery = 200 * time.Millisecond

// idleAfter is how many looks without a line are a while: 15 s.
const idleAfter = 75

// line is told of a line.
type line func(anew bool, at Place, l Line) error

// follow looks again and again, until ctx is done.
func follow(ctx context.Context, r Reading, look func(line) error) error {
	for quiet := 1; ; quiet++ {
		err := look(func(anew bool, at Place, l Line) error { quiet = 0; return r.On(anew, at, l) })
		switch {
		case err != nil:
		case quiet == 0:
			err = r.Sent()
		case quiet%idleAfter == 0:
			err = r.Idle()
		}
		if err != nil {
			return err
		}
		if pause.For(ctx, lookEvery) != nil {
			return nil
		}
	}
}
