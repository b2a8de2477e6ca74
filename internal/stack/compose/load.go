package compose

import (
	"context"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// load has compose-go read what was gathered.
func (p *project) load(ctx context.Context) {
	p.declareHoisted()
	for name, data := range p.others {
		if err := p.stage.write(name, data); err != nil {
			p.wrong = append(p.wrong, Finding{File: name, Text: err.Error()})
			return
		}
	}
	texts := map[string][]byte{}
	for name, f := range p.files {
		text, err := writeDocuments(f.documents)
		if err == nil {
			err = p.stage.write(name, text)
		}
		if err != nil {
			p.wrong = append(p.wrong, Finding{File: name, Text: err.Error()})
			return
		}
		texts[name] = text
	}
	config := types.ConfigDetails{WorkingDir: p.stage.path(p.dir), Environment: p.env}
	for _, name := range p.in.Files {
		config.ConfigFiles = append(config.ConfigFiles, types.ConfigFile{Filename: p.stage.path(name), Content: texts[name]})
	}
	var err error
	if p.loaded, err = p.compose(ctx, config, true); err == nil {
		return
	}
	// compose-go tells of the first thing that it comes upon, in no order.
	if loaded, failed := p.compose(ctx, config, false); failed == nil {
		p.loaded = loaded
		p.checkReferences()
	}
	if len(p.wrong) == 0 {
		p.wrong = append(p.wrong, p.complaint(err))
	}
}

// compose has compose-go load the files. consistent is whether it is to look at
// what they refer to.
func (p *project) compose(ctx context.Context, config types.ConfigDetails, consistent bool) (*types.Project, error) {
	return loader.LoadWithContext(ctx, config, func(o *loader.Options) {
		o.SetProjectName(p.in.Name, true)
		o.Profiles = p.in.Profiles
		o.Interpolate.Substitute = substitute
		o.SkipConsistencyCheck = !consistent
		o.SkipResolveEnvironment, o.SkipResolveLabels = true, true // which read files: see environment.go
	})
}

// declareHoisted declares the volumes of v1 files that are extended: only the
// service comes from there.
func (p *project) declareHoisted() {
	if len(p.hoisted) == 0 {
		return
	}
	root := p.files[p.in.Files[0]].documents[0]
	volumes := at(root, "volumes")
	if volumes == nil {
		volumes = mapping(root.Line)
		put(root, "volumes", volumes)
	}
	for _, name := range sortedKeys(p.hoisted) {
		if at(volumes, name) == nil {
			put(volumes, name, mapping(root.Line))
		}
	}
}

// How compose-go says where something is wrong, and what: at the beginning, as
// a path, or by the name of a service alone.
var complaints = []*regexp.Regexp{
	regexp.MustCompile(`^(?:validating [^:]+: )?services\.(?P<service>[\w-]+)(?:\.(?P<key>[\w.\[\]-]+))?:? (?P<text>.*)$`),
	regexp.MustCompile(`^error while interpolating services\.(?P<service>[\w-]+)\.(?P<key>[\w.\[\]-]+): failed to cast to expected type: (?:strconv\.\w+: parsing )?(?P<text>.*)$`),
	regexp.MustCompile(`'services\[(?P<service>[\w-]+)\]\.(?P<key>[\w.\[\]-]+)' (?P<text>.*)$`),
	regexp.MustCompile(`^service "?(?P<service>[\w.-]+)"? (?P<text>.*)$`),
	regexp.MustCompile(`^(?P<text>cannot extend service "(?P<service>[\w.-]+)".*)$`),
	regexp.MustCompile(`^(?P<text>.*\bservices\.(?P<service>[\w-]+)\.(?P<key>[\w.\[\]-]*[\w\]]).*)$`),
}

// complaint is what compose-go says is wrong, at its place in the files.
func (p *project) complaint(err error) Finding {
	text := strings.Join(strings.Fields(p.stage.unstaged(err.Error())), " ")
	text = strings.TrimSuffix(text, ": invalid compose project")
	for _, c := range complaints {
		if m := c.FindStringSubmatch(text); m != nil {
			part := map[string]string{}
			for i, name := range c.SubexpNames() {
				part[name] = m[i]
			}
			return p.places.finding(part["service"], part["key"], part["text"])
		}
	}
	return Finding{File: p.in.Files[0], Text: text}
}
