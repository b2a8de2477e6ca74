package stacking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/build"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/flock"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/stack"
	"rundock/supervisor/report"
)

// buildsDir is what a host has of builds: the context of the one at work, and a log for
// each service's last one.
const buildsDir = hostconfig.StateDir + "/stack-builds"

const (
	// buildCgroup is that of the containers of stacks' builds.
	buildCgroup = "rundockstackbuild"
	// labelBuilt is a label of images: the stack that they were built for. Containers have it of their
	// image, so that it is none of those that say what a container is.
	labelBuilt = "rundock.built"
	// buildLogAtMost is how large a build's log grows, in bytes.
	buildLogAtMost = 4 << 20
	// buildLinesTold are the last lines of a log that an error has.
	buildLinesTold = 12
)

// build builds an image on this host, and has the image registry keep it by each of its
// names. An image has its name once it is whole, so that of a build which is killed no
// release is made.
func (s *site) build(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	asked := *q.Build
	defer os.Remove(asked.Upload)
	var what stack.Build
	if err := registry.Decode(asked.Build, &what); err != nil {
		return a, fmt.Errorf("build %s: %w", strings.Join(asked.Services, ", "), err)
	}
	docker, err := container.Open()
	if err != nil {
		return a, err
	}
	limits := build.Limits{Memory: int64(asked.Memory) << 20, CPU: asked.CPUs * 1000, Time: time.Duration(asked.Time) * time.Second}
	b := build.Builder{Docker: docker, Cgroup: buildCgroup, Limits: limits}
	// One at a time: containers of builds are known by their cgroup alone.
	lock, err := flock.Open(filepath.Join(s.runDir, "stack-build.lock"))
	if err != nil {
		return a, err
	}
	defer lock.Close()
	if err := flock.Lock(lock); err != nil {
		return a, err
	}
	if err := b.Clean(ctx); err != nil { // of one that was killed
		return a, err
	}
	folder, err := s.unpacked(asked.Upload)
	if err != nil {
		return a, err
	}
	defer func() {
		err = errors.Join(err, folder.Close(), os.RemoveAll(folder.Name()))
	}()
	a.Built, err = s.buildAs(ctx, b, folder, what, q)
	return a, err
}

// unpacked is the folder that was sent.
func (s *site) unpacked(upload string) (*os.Root, error) {
	dir := filepath.Join(s.buildsDir, "context")
	if err := os.RemoveAll(dir); err != nil { // of one that was killed
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(upload)
	if err == nil {
		err = errors.Join(build.Unpack(folder, file), file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unpack what is to be built: %w", err), folder.Close(), os.RemoveAll(dir))
	}
	return folder, nil
}

// buildAs builds the image by its first name, and pushes it by all of them.
func (s *site) buildAs(ctx context.Context, b build.Builder, folder *os.Root, what stack.Build, q control.StackRequest) (made []string, err error) {
	path := build.LogFile(s.buildsDir, q.Name+"-"+q.Build.Services[0])
	log, err := build.CreateLog(path, buildLogAtMost)
	if err != nil {
		return nil, err
	}
	for n, name := range q.Build.Names {
		end := strings.LastIndex(name, ":")
		if n > 0 {
			id, err := b.Docker.ImageID(ctx, q.Build.Names[0])
			if err == nil && id != "" {
				err = b.Docker.TagImage(ctx, id, name)
			}
			if err != nil {
				return made, errors.Join(err, log.Close())
			}
		}
		one, err := b.Build(ctx, build.Request{
			Branch: folder, Tree: q.Build.Tree, Build: what, Name: name[:end], Labels: map[string]string{labelBuilt: q.Name}, Push: true, Log: log,
		})
		if err != nil {
			return made, toldOf(path, errors.Join(err, log.Close()))
		}
		made = append(made, one.Image)
	}
	return made, log.Close()
}

// toldOf is an error with the step of the build that it is of, and the log's last lines.
func toldOf(path string, err error) error {
	lines, _ := build.ReadLog(path, 0)
	step, from := "", max(0, len(lines)-buildLinesTold)
	if n := build.LastStep(lines); n >= 0 {
		step, from = lines[n].Text+": ", max(from, n+1)
	}
	var last []string
	for _, line := range lines[from:] {
		text := strings.TrimSpace(line.Text)
		isDocker := strings.HasPrefix(text, "--->") || strings.HasPrefix(text, "Removing intermediate container")
		if text != "" && !isDocker && text != report.OneLine(err.Error()) { // which the log ends with
			last = append(last, text)
		}
	}
	said := strings.Join(last, " | ")
	return fmt.Errorf("%s%s; the log, %s, ends: %s", step, report.OneLine(err.Error()), path, cmp.Or(said, "with nothing"))
}
