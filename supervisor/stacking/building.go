package stacking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"

	"rundock/internal/build"
	"rundock/internal/control"
	"rundock/internal/stack"
)

// builtAs is a name of what is built, until it is known of what.
const builtAs = "built/"

// buildings makes of services that are to be built services of images: each is called
// REGISTRY/STACK/SERVICE:TAG, by a tag of what it is made of. needs is what is
// needed for that and was not sent.
func (w *wanted) buildings(q control.StackRequest) (needs needed, err error) {
	var wrong []error
	var told map[string]*facts
	for _, name := range sortedKeys(w.model.Services) {
		def := w.model.Services[name]
		if def.Build == nil {
			continue
		}
		if told == nil {
			if told, err = readFacts(q.Hosts); err != nil {
				return needs, err
			}
		}
		b := building{service: name, def: def, q: q, told: told}
		if err := b.read(); err != nil {
			wrong = append(wrong, fmt.Errorf("service %s: build: %w", name, err))
			continue
		}
		needs.files = append(needs.files, b.wants...)
		if b.context != nil && !slices.ContainsFunc(needs.contexts, func(c control.StackContext) bool { return c.Folder == b.context.Folder }) {
			needs.contexts = append(needs.contexts, *b.context)
		}
		if len(b.wants) == 0 && b.context == nil {
			w.model.Services[name] = b.def
			w.notes = append(w.notes, b.notes...)
			w.add(b.asked)
		}
	}
	slices.Sort(needs.files)
	needs.files = slices.Compact(needs.files)
	return needs, errors.Join(wrong...)
}

// add adds an image to build. What is made of the same is built once.
func (w *wanted) add(asked control.StackBuild) {
	tag := asked.Names[0][strings.LastIndex(asked.Names[0], ":"):]
	for n, other := range w.builds {
		if strings.HasSuffix(other.Names[0], tag) {
			w.builds[n].Names, w.builds[n].Services = append(other.Names, asked.Names...), append(other.Services, asked.Services...)
			return
		}
	}
	w.builds = append(w.builds, asked)
}

// building is a service of which the image is built.
type building struct {
	service string
	def     stack.Service
	q       control.StackRequest
	told    map[string]*facts

	wants   []string              // files that are needed
	context *control.StackContext // of which it is to be told
	asked   control.StackBuild
	notes   []string
}

// read makes b.def a service of an image, and b.asked what builds that; or b.wants or b.context
// are needed still.
func (b *building) read() error {
	if b.q.Registry == "" {
		return errors.New("the site has no image registry that what is built could be pushed to: give the group rundock_image_registry a host, or rundock_stack_registry a name")
	}
	c := *b.def.Build
	folder := c.Context
	if c.Inline == "" && c.Dockerfile == "" {
		c.Dockerfile = "Dockerfile"
	}
	text, ignored, err := b.files(folder, c)
	if err != nil || len(b.wants) > 0 {
		return err
	}
	shown := path.Join(folder, c.Dockerfile)
	if c.Inline != "" {
		shown = "dockerfile_inline"
	}
	if err := build.Check(shown, text); err != nil {
		return err
	}
	rules, err := build.Rules(ignored)
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	if c.Inline == "" && (!fs.ValidPath(c.Dockerfile) || build.Ignores(ignored, c.Dockerfile)) {
		c.Inline = text // as it is not among what is sent
	}
	if c.Inline != "" {
		c.Dockerfile = ""
	}
	asked := control.StackBuild{StackContext: control.StackContext{Folder: folder}, Services: []string{b.service}}
	for _, r := range rules {
		asked.Ignore = append(asked.Ignore, control.StackIgnore(r))
	}
	tree, sent := b.q.Trees[folder]
	switch {
	case !sent:
		b.context = &asked.StackContext
		return nil
	case tree.Error != "":
		return fmt.Errorf("context %s: %s", folder, tree.Error)
	}
	asked.Tree = tree.Tree
	if asked.Host, err = b.host(); err != nil {
		return err
	}
	c.Context = "." // so that other folders of the same files are the same
	name := b.q.Registry + "/" + b.q.Name + "/" + strings.ToLower(b.service)
	asked.Names = []string{name + ":" + build.Tag(c, tree.Tree, text, b.told[asked.Host].Arch)}
	if _, err := reference.ParseDockerRef(asked.Names[0]); err != nil {
		return fmt.Errorf("%s cannot be an image's name: %w", asked.Names[0], err)
	}
	if asked.Build, err = json.Marshal(c); err != nil {
		return err
	}
	if was := b.def.Container.Image; !strings.HasPrefix(was, builtAs) {
		b.notes = append(b.notes, fmt.Sprintf("service %s: image %s: it is built, and called %s", b.service, was, name))
	}
	b.def.Container.Image, b.def.Build, b.def.Pull = asked.Names[0], nil, ""
	b.asked = asked
	return nil
}

// files are the texts of the Dockerfile and of .dockerignore.
func (b *building) files(folder string, c stack.Build) (dockerfile, ignored string, err error) {
	read := func(name string) (string, error) {
		data, err := reader(b.q.Files)(name)
		if _, sent := b.q.Files[name]; !sent {
			b.wants = append(b.wants, name)
			err = nil
		}
		return string(data), err
	}
	dockerfile = c.Inline
	if c.Inline == "" {
		name := c.Dockerfile
		if !path.IsAbs(name) {
			name = path.Join(folder, name)
		}
		if dockerfile, err = read(name); err != nil {
			return "", "", fmt.Errorf("dockerfile %s: %w", name, err)
		}
	}
	ignored, err = read(path.Join(folder, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return dockerfile, ignored, err
}

// host is the inventory name of the one that builds. Where hosts are of several architectures,
// the service is placed on those that it builds for.
func (b *building) host() (string, error) {
	arch := ""
	for _, platform := range append([]string{b.def.Container.Platform}, b.def.Build.Platforms...) {
		if _, after, has := strings.Cut(platform, "/"); has {
			arch, _, _ = strings.Cut(after, "/")
		}
	}
	chosen := b.q.Builder
	var archs []string
	for _, name := range sortedKeys(b.told) {
		f := b.told[name]
		if f == nil {
			continue
		}
		if archs = append(archs, f.Arch); chosen == "" && f.Drained == nil && (arch == "" || f.Arch == arch) {
			chosen = name
		}
	}
	f := b.told[chosen]
	switch _, known := b.told[chosen]; {
	case chosen == "" && arch != "":
		return "", fmt.Errorf("no host of the architecture %s can be reached that is not drained", arch)
	case chosen == "":
		return "", errors.New("no host can be reached that is not drained")
	case !known:
		return "", fmt.Errorf("rundock_stack_builder: %s is no host of the inventory", chosen)
	case f == nil:
		return "", fmt.Errorf("rundock_stack_builder: %s cannot be reached", chosen)
	case arch != "" && f.Arch != arch:
		return "", fmt.Errorf("rundock_stack_builder: %s is of the architecture %s, and the image is to be of %s", chosen, f.Arch, arch)
	}
	if slices.Sort(archs); len(slices.Compact(archs)) > 1 && !slices.ContainsFunc(b.def.Constraints, func(r stack.Rule) bool { return r.Key == stack.KeyArch }) {
		b.def.Constraints = append(slices.Clone(b.def.Constraints), stack.Rule{Key: stack.KeyArch, Value: f.Arch, Match: stack.Word})
		b.notes = append(b.notes, fmt.Sprintf("service %s: it is built on %s, and placed on hosts of its architecture, %s", b.service, chosen, f.Arch))
	}
	return chosen, nil
}

// unbuilt are those of w's images that their image registry does not have, and by service the
// digests of the others.
func (s *site) unbuilt(ctx context.Context, w wanted) (missing []control.StackBuild, built map[string]string, err error) {
	built = map[string]string{}
	for _, b := range w.builds {
		lacks := false
		for n, name := range b.Names {
			fixed, err := s.docker.Resolve(ctx, name)
			switch {
			case err == nil:
				built[b.Services[n]] = fixed
			case errdefs.IsNotFound(err):
				lacks = true
				built[b.Services[n]] = ""
			default:
				return nil, nil, fmt.Errorf("service %s: build: the image registry cannot be asked for what was built before: %w", b.Services[n], err)
			}
		}
		if lacks {
			missing = append(missing, b)
		}
	}
	return missing, built, nil
}

// toBuild are lines for people about images that are to be built.
func toBuild(all []control.StackBuild) (lines []string) {
	for _, b := range all {
		lines = append(lines, fmt.Sprintf("%s: to be built of %s on %s", strings.Join(b.Services, ", "), b.Folder, b.Host))
	}
	return lines
}
