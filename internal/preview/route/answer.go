package route

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"rundock/internal/preview"
)

// Answer is what is said of a request that is passed on to nobody. It is never to be
// stored.
type Answer struct {
	Code  int
	Retry int // seconds after which to try again, the Retry-After header; 0: no such header
	HTML  bool
	Body  []byte
}

// The ways in which nothing can answer.
const (
	notFound    = 404
	badGateway  = 502
	unavailable = 503
)

// Seconds until a page looks again: while something is on its way, and while only a
// new commit helps.
const (
	soon  = 2
	later = 10
)

// ForPeople says whether who sent a request with this method and Accept header reads
// pages, as browsers do.
func ForPeople(method, accept string) bool {
	return (method == "GET" || method == "HEAD") && strings.Contains(accept, "text/html")
}

// page is what the template shows.
type page struct {
	Retry                 int
	Title, Text, Name     string
	Commit, Reason, Since string
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Unknown is the answer for a host that names no preview. It names none of those that
// there are.
func Unknown(host string, people bool) Answer {
	return page{Title: "No such preview", Text: "Nothing is deployed at this address. It may have been removed, or its name may be another one.", Name: host}.
		answer(notFound, people)
}

// Unrouted is the answer where a preview runs and has nothing at this name.
func Unrouted(host string, people bool) Answer {
	return page{Title: "Nothing answers here", Text: "The preview runs, and has no service at this name.", Name: host}.answer(notFound, people)
}

// Waiting is the answer for a preview that cannot serve now.
func Waiting(s *preview.State, people bool) Answer {
	p := page{Retry: soon, Name: s.Name, Commit: s.Commit, Since: s.Since.UTC().Format("2006-01-02 15:04:05 MST")}
	switch s.Step {
	case preview.Queued:
		p.Title, p.Text = "Waiting for a builder", "The preview is built as soon as a builder has time for it."
	case preview.Building:
		p.Title, p.Text = "Building", "The preview's images are being built."
	case preview.Deploying:
		p.Title, p.Text = "Deploying", "The preview's containers are being started."
	case preview.Asleep:
		p.Title, p.Text = "Waking up", "Nobody used the preview for a while. It is being started again."
	case preview.Failed:
		p.Title, p.Text, p.Retry, p.Reason = "Failed", "The preview could not be built or started. A new commit is tried by itself.", later, s.Reason
	default:
		return Silent(s, people)
	}
	return p.answer(unavailable, people)
}

// Silent is the answer for a preview that should serve, and whose instances do not
// take connections.
func Silent(s *preview.State, people bool) Answer {
	return page{Retry: soon, Title: "Not answering", Text: "The preview's container takes no connections. It may be starting, or its program may have ended.", Name: s.Name, Commit: s.Commit}.
		answer(unavailable, people)
}

// Starting is the answer while no table is known.
func Starting(people bool) Answer {
	return page{Retry: soon, Title: "Starting", Text: "This address is being set up.", Name: "previews"}.answer(unavailable, people)
}

// Broken is the answer where an instance ended the connection before it answered.
func Broken(s *preview.State, people bool) Answer {
	return page{Title: "No answer", Text: "The preview's program ended the connection before it answered.", Name: s.Name, Commit: s.Commit}.answer(badGateway, people)
}

func (p page) answer(code int, people bool) Answer {
	a := Answer{Code: code, Retry: p.Retry, HTML: people}
	var b bytes.Buffer
	if people {
		if err := pageTemplate.Execute(&b, p); err != nil {
			panic(err) // a template of ours, and a buffer
		}
	} else {
		fmt.Fprintf(&b, "%s: %s\n", p.Name, strings.ToLower(p.Title[:1])+p.Title[1:])
		if p.Reason != "" {
			fmt.Fprintf(&b, "%s\n", p.Reason)
		}
	}
	a.Body = b.Bytes()
	return a
}
