package docsite

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

//go:embed style.css
var style []byte

//go:embed page.html
var layoutText string

var layout = template.Must(template.New("page").Parse(layoutText))

// shown is a page as the layout takes it.
type shown struct {
	Title, Top string // Top leads to the site's first folder
	Sections   []section
	Body       template.HTML
}

type section struct{ ID, Title string }

// sectionsAtLeast is how many sections a page has that begins with a list of them.
const sectionsAtLeast = 4

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// page makes a page of the checkout one of the site.
func (b *builder) page(page string) error {
	source, err := b.read(page)
	if err != nil {
		return err
	}
	root := markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(ids{}))))
	p := shown{}
	var folders []*ast.Link
	err = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			title := plain(n, source)
			if n.Level == 1 && p.Title == "" {
				p.Title = title
			}
			if id, ok := n.AttributeString("id"); ok && n.Level == 2 {
				p.Sections = append(p.Sections, section{fmt.Sprintf("%s", id), title})
			}
		case *ast.Link:
			href, err := b.link(page, string(n.Destination))
			if err != nil {
				return ast.WalkStop, err
			}
			if n.Destination = []byte(href); href == "" {
				folders = append(folders, n)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return err
	}
	for _, n := range folders {
		unlink(n)
	}
	var body bytes.Buffer
	if err := markdown.Renderer().Render(&body, source, root); err != nil {
		return err
	}
	p.Body = template.HTML(body.String())
	return b.write(b.places[page], p)
}

// write puts a page into the layout.
func (b *builder) write(to string, p shown) error {
	p.Top = strings.Repeat("../", strings.Count(to, "/"))
	if len(p.Sections) < sectionsAtLeast {
		p.Sections = nil
	}
	var out bytes.Buffer
	if err := layout.Execute(&out, p); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	b.files[to] = out.Bytes()
	return nil
}

// plain is the text of a node.
func plain(n ast.Node, source []byte) string {
	var s strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			s.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return s.String()
}

// unlink puts what a link shows in its place.
func unlink(link *ast.Link) {
	parent := link.Parent()
	for child := link.FirstChild(); child != nil; {
		next := child.NextSibling()
		parent.InsertBefore(parent, link, child)
		child = next
	}
	parent.RemoveChild(parent, link)
}

// Anchor is the anchor of a heading, as GitHub makes it, so that one link serves both; a second heading that has it
// gets a number besides.
func Anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsNumber(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// ids are the anchors of a page's headings.
type ids map[string]bool

func (i ids) Generate(value []byte, _ ast.NodeKind) []byte {
	id := Anchor(string(value))
	for n, first := 1, id; i[id]; n++ {
		id = fmt.Sprintf("%s-%d", first, n)
	}
	i[id] = true
	return []byte(id)
}

func (i ids) Put(value []byte) { i[string(value)] = true }
