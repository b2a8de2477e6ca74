package docsite

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed reference.html
var referenceText string

var reference = template.Must(template.New("reference").Funcs(template.FuncMap{"marked": marked}).Parse(referenceText))

// option is a parameter of a module or a variable of a role, as Ansible's documentation has it.
type option struct {
	Name        string
	Type        string
	Elements    string
	Required    bool
	Default     any
	Choices     []any
	Description texts
	Options     options
}

// Kind is what a value has to be, in words.
func (o option) Kind() string {
	kind := o.Type
	if o.Elements != "" {
		kind += " of " + o.Elements
	}
	if o.Required {
		kind += ", required"
	}
	if o.Default != nil {
		kind += fmt.Sprintf(", default %v", o.Default)
	}
	return kind
}

// texts is a text, or several.
type texts []string

func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = texts{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

// options are in the order in which they are documented.
type options []option

func (o *options) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		one := option{Name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&one); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
		*o = append(*o, one)
	}
	return nil
}

var stubPart = regexp.MustCompile(`(?s)(DOCUMENTATION|EXAMPLES|RETURN) = r'''\n(.*?)'''`)

// modules makes a page of each module's documentation.
func (b *builder) modules() error {
	for _, tracked := range b.Tracked {
		if ok, _ := path.Match("playbooks/plugins/modules/*.py", tracked); !ok {
			continue
		}
		data, err := b.read(tracked)
		if err != nil {
			return err
		}
		part := map[string]string{}
		for _, m := range stubPart.FindAllStringSubmatch(string(data), -1) {
			part[m[1]] = m[2]
		}
		var said struct {
			Module           string
			ShortDescription string `yaml:"short_description"`
			Description      texts
			Options          options
			Returns          options `yaml:"-"`
			Examples         string  `yaml:"-"`
		}
		if err := yaml.Unmarshal([]byte(part["DOCUMENTATION"]), &said); err != nil {
			return fmt.Errorf("%s: DOCUMENTATION: %w", tracked, err)
		}
		if err := yaml.Unmarshal([]byte(part["RETURN"]), &said.Returns); err != nil {
			return fmt.Errorf("%s: RETURN: %w", tracked, err)
		}
		said.Examples = strings.TrimSpace(part["EXAMPLES"])
		if err := b.part(entry{"Modules", said.Module, said.ShortDescription, "reference/modules/" + said.Module + ".html"}, "module", said); err != nil {
			return err
		}
	}
	return nil
}

// roles makes a page of each role's variables.
func (b *builder) roles() error {
	for _, tracked := range b.Tracked {
		if ok, _ := path.Match("playbooks/roles/*/meta/argument_specs.yml", tracked); !ok {
			continue
		}
		data, err := b.read(tracked)
		if err != nil {
			return err
		}
		var said struct {
			Specs map[string]struct {
				ShortDescription string `yaml:"short_description"`
				Options          options
			} `yaml:"argument_specs"`
		}
		if err := yaml.Unmarshal(data, &said); err != nil {
			return fmt.Errorf("%s: %w", tracked, err)
		}
		name := strings.Split(tracked, "/")[2]
		for _, own := range []string{"main", "variables"} { // and not what it reads of other roles
			if spec, ok := said.Specs[own]; ok {
				if err := b.part(entry{"Variables of the inventory, by role", name, spec.ShortDescription, "reference/roles/" + name + ".html"}, "role", spec.Options); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// programs makes a page of each program's commands.
func (b *builder) programs() error {
	for _, name := range slices.Sorted(maps.Keys(b.Programs)) {
		usages := b.Programs[name]
		type command struct{ Name, Usage string }
		var commands []command
		for _, of := range slices.Sorted(maps.Keys(usages)) {
			commands = append(commands, command{strings.TrimSpace(name + " " + of), strings.TrimSpace(usages[of])})
		}
		if err := b.part(entry{"Programs", name, "its commands", "reference/programs/" + name + ".html"}, "program", commands); err != nil {
			return err
		}
	}
	return nil
}

// reference makes the index of all of these.
func (b *builder) reference() error {
	return b.render("reference/index.html", "Reference", "index", b.parts)
}

func (b *builder) part(e entry, kind string, of any) error {
	b.parts = append(b.parts, e)
	return b.render(e.File, e.Title, kind, of)
}

func (b *builder) render(to, title, kind string, of any) error {
	var body bytes.Buffer
	if err := reference.ExecuteTemplate(&body, kind, map[string]any{"Title": title, "Of": of}); err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	return b.write(to, shown{Title: title, Body: template.HTML(body.String())})
}

var markup = regexp.MustCompile(`\b([CIBVOEMPU])\(((?:[^()\\]|\\.|\([^()]*\))*)\)`)

// marked is a text with Ansible's markup as HTML.
func marked(s string) template.HTML {
	s = html.EscapeString(s)
	return template.HTML(markup.ReplaceAllStringFunc(s, func(found string) string {
		m := markup.FindStringSubmatch(found)
		tag := "code"
		switch m[1] {
		case "I":
			tag = "em"
		case "B":
			tag = "strong"
		case "U":
			return `<a href="` + m[2] + `">` + m[2] + `</a>`
		}
		return "<" + tag + ">" + m[2] + "</" + tag + ">"
	}))
}
