package previewweb

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
)

// event is one of a stream.
type event struct{ name, id, data string }

// follow follows the log of main from the line after id; next waits for an event, and leave ends it.
func (g *rig) follow(id string) (next func() event, leave func()) {
	g.Helper()
	return g.followAt("/api/v1/previews/main/log", id)
}

// followAt does so with the log at path.
func (g *rig) followAt(path, id string) (next func() event, leave func()) {
	g.Helper()
	ctx, cancel := context.WithCancel(g.Context())
	req := g.request(access.Read, "GET", path, "", "Accept", "text/event-stream")
	if id != "" {
		req.Header.Set("Last-Event-ID", id)
	}
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		g.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		g.Fatalf("the stream is %s %s", res.Status, kind)
	}
	lines := bufio.NewScanner(res.Body)
	next = func() (e event) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case lines.Text() == "" && e != (event{}):
				return e
			case name == "event":
				e.name = value
			case name == "id":
				e.id = value
			case name == "data":
				e.data += value
			}
		}
		return e
	}
	return next, func() { cancel(); res.Body.Close() }
}

func logRig(t *testing.T) *rig {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.shown("main", "is shown", func(known.Preview) bool { return true })
	return g
}

func TestLog_that_is_resumed_has_each_line_once(t *testing.T) {
	g := logRig(t)
	begun := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	var want, got []string
	line := 0
	write := func(n int) {
		var texts []string
		for range n {
			line++
			texts = append(texts, fmt.Sprintf("step %d", line))
		}
		want = append(want, texts...)
		g.writeLog("main", begun, line-n+1, texts...)
	}
	write(3)
	id := ""
	for round := range 5 { // each a connection that breaks
		next, leave := g.follow(id)
		write(round + 2)
		for len(got) < len(want)-1 { // one is missed, as the connection ends before it
			e := next()
			got, id = append(got, e.data), e.id
		}
		leave()
	}
	next, leave := g.follow(id)
	got = append(got, next().data)
	leave()
	if !slices.Equal(got, want) {
		t.Errorf("over six connections came %q, want %q", got, want)
	}
	// By ids that are none, and as a list.
	for _, id := range []string{"", "x", "x.y", "x.-1", "zz.3"} {
		next, leave := g.follow(id)
		if e := next(); e.name != "anew" && e.data != "step 1" {
			t.Errorf("after id %q comes %+v, want the first line", id, e)
		}
		leave()
	}
	var log previewlog.Log
	g.expect(200, access.Read, "GET", "/api/v1/previews/main/log?after="+id, "", &log)
	if len(log.Lines) != 1 || log.Lines[0].Text != want[len(want)-1] || log.Build == "" {
		t.Errorf("as a list after %s: %+v", id, log)
	}
}

func TestLog_begins_anew_with_another_build(t *testing.T) {
	g := logRig(t)
	next, leave := g.follow("")
	defer leave()
	begun := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	g.writeLog("main", begun, 1, "one", "two")
	if e := next(); e.data != "one" {
		t.Errorf("first comes %+v", e)
	}
	if e := next(); e.data != "two" {
		t.Errorf("then comes %+v", e)
	}
	// As many bytes, and more: only the first line tells them apart.
	g.writeLog("main", begun.Add(time.Hour), 1, "uno", "due", "tre")
	if e := next(); e.name != "anew" {
		t.Errorf("of another build first comes %+v, want anew", e)
	}
	for _, want := range []string{"uno", "due", "tre"} {
		if e := next(); e.data != want {
			t.Errorf("of another build comes %+v, want %s", e, want)
		}
	}
}

func TestLog_is_text(t *testing.T) {
	g := logRig(t)
	g.expect(200, access.Read, "GET", "/api/v1/previews/main/log", "", nil)
	begun := time.Now().UTC()
	g.writeLog("main", begun, 1, "<script>alert(1)</script>", "\x1b[31mred\x1b[0m and \x1b]8;;http://evil\x07link\x1b]8;;\x07", "id: 99", "a\tb")
	req := g.request(access.Read, "GET", "/api/v1/previews/main/log", "", "Accept", "text/plain")
	res, text := g.send(req)
	if want := "<script>alert(1)</script>\nred and link\nid: 99\na\tb\n"; text != want || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("as text, %v: %q, want %q", res.Header, text, want)
	}
	next, leave := g.follow("")
	defer leave()
	for _, want := range []string{"<script>alert(1)</script>", "red and link", "id: 99", "a\tb"} {
		if e := next(); e.data != want || e.name != "" {
			t.Errorf("as an event: %+v, want %q", e, want)
		}
	}
	// Half a line, and what is no line, are left out.
	file, err := os.OpenFile(filepath.Join(string(g.parts.logs), "main.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	last, err := json.Marshal(previewlog.Line{Number: 5, Time: begun, Text: "whole"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"nonsense\n", string(last[:9]), string(last[9:]), "\n"} {
		if _, err := file.WriteString(part); err != nil {
			t.Fatal(err)
		}
	}
	if e := next(); e.data != "whole" {
		t.Errorf("then comes %+v, want the whole line", e)
	}
}
