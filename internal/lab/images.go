package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// testImages returns the images of the lab: services made of the test
// program app (package testapp), and a busybox with the given applets. Each has the
// tags latest and 2, which are different images.
//
//	influxdb       answers on 8083 and 8086, with a HEALTHCHECK
//	grafana        answers on 80, without one
//	crash          leaves at once with status 7
//	never-healthy  answers on 80, and its HEALTHCHECK always fails
//	busybox        a shell
func testImages(app, busybox []byte, applets []string) []image {
	program := []layerFile{{Path: "testapp", Mode: 0o755, Data: app}, {Path: "tmp/", Mode: 0o1777}}
	shell := []layerFile{{Path: "bin/", Mode: 0o755}, {Path: "bin/busybox", Mode: 0o755, Data: busybox}, {Path: "tmp/", Mode: 0o1777}}
	for _, name := range applets {
		if name != "busybox" {
			shell = append(shell, layerFile{Path: "bin/" + name, Mode: 0o777, Link: "busybox"})
		}
	}
	check := &healthcheck{
		Test:     []string{"CMD", "/testapp", "healthcheck"},
		Interval: time.Second, Timeout: 30 * time.Second, StartInterval: 100 * time.Millisecond, Retries: 1,
	}
	ports := func(all ...string) map[string]struct{} {
		exposed := make(map[string]struct{})
		for _, p := range all {
			exposed[p+"/tcp"] = struct{}{}
		}
		return exposed
	}
	var images []image
	for _, tag := range []string{"latest", "2"} {
		add := func(name string, layer []layerFile, c imageConfig) {
			c.Env = append([]string{"PATH=/bin:/"}, c.Env...)
			c.Labels = map[string]string{"rundock.test": name + ":" + tag}
			images = append(images, image{Tags: []string{Registry + "/" + name + ":" + tag}, Layer: layer, Config: c})
		}
		env := func(name string) []string { return []string{"APP_NAME=" + name, "APP_VERSION=" + tag} }
		serve := []string{"/testapp", "serve"}
		add("influxdb", program, imageConfig{Env: append(env("influxdb"), "APP_LISTEN=:8083,:8086"), Entrypoint: serve, ExposedPorts: ports("8083", "8086"), Healthcheck: check})
		add("grafana", program, imageConfig{Env: append(env("grafana"), "APP_LISTEN=:80"), Entrypoint: serve, ExposedPorts: ports("80")})
		add("crash", program, imageConfig{Env: append(env("crash"), "APP_EXIT=7"), Entrypoint: serve})
		add("never-healthy", program, imageConfig{Env: append(env("never-healthy"), "APP_LISTEN=:80", "APP_SICK=1"), Entrypoint: serve, ExposedPorts: ports("80"), Healthcheck: check})
		add("busybox", shell, imageConfig{Cmd: []string{"sh"}})
	}
	return images
}

// Images builds the test images and returns their archives for docker load,
// one for each name, below Config.Dir. It needs a base, whose busybox it takes.
func (l *Lab) Images(ctx context.Context) ([]string, error) {
	base, err := l.base(l.Release)
	if err != nil {
		return nil, err
	}
	root, err := Checkout()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(l.Dir, "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("build images: %w", err)
	}
	program := filepath.Join(dir, "testapp")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./internal/lab/testapp")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the test program: %w: %s", err, out)
	}
	app, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("build images: %w", err)
	}
	busyboxPath := filepath.Join(base, "bare/bin/busybox")
	busybox, err := os.ReadFile(busyboxPath)
	if err != nil {
		return nil, fmt.Errorf("build images: %w", err)
	}
	applets, err := run("", busyboxPath, "--list")
	if err != nil {
		return nil, fmt.Errorf("build images: %w", err)
	}
	byName := make(map[string][]image)
	for _, img := range testImages(app, busybox, strings.Fields(applets)) {
		name, _, _ := strings.Cut(strings.TrimPrefix(img.Tags[0], Registry+"/"), ":")
		byName[name] = append(byName[name], img)
	}
	var paths []string
	for name, images := range byName {
		path := filepath.Join(dir, name+".tar")
		if err := writeArchiveFile(path, images); err != nil {
			return nil, fmt.Errorf("build image %s: %w", name, err)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}

func writeArchiveFile(path string, images []image) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := writeArchive(f, images); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Load puts the images of the archives into the host's dockerd and returns
// their references.
func (l *Lab) Load(ctx context.Context, name string, archives []string) ([]string, error) {
	var references []string
	for _, path := range archives {
		archive, err := os.Open(path)
		if err != nil {
			return references, fmt.Errorf("load images: %w", err)
		}
		cmd, err := l.Command(ctx, name, "docker", "load")
		if err != nil {
			archive.Close()
			return references, err
		}
		var stderr strings.Builder
		cmd.Stdin, cmd.Stderr = archive, &stderr
		out, err := cmd.Output()
		archive.Close()
		if err != nil {
			return references, fmt.Errorf("load %s on %s: %w: %s", path, name, err, strings.TrimSpace(stderr.String()))
		}
		for line := range strings.Lines(string(out)) {
			if ref, ok := strings.CutPrefix(strings.TrimSpace(line), "Loaded image: "); ok {
				references = append(references, ref)
			}
		}
	}
	return references, nil
}

// Push loads the images of the archives on the first host and pushes them from
// there to the lab's image registry, which must answer.
func (l *Lab) Push(ctx context.Context, archives []string) ([]string, error) {
	first := plan(l.ID, 1)[0].Name
	references, err := l.Load(ctx, first, archives)
	if err != nil {
		return nil, err
	}
	for _, ref := range references {
		if _, err := l.Exec(ctx, first, "docker", "push", "-q", ref); err != nil {
			return nil, fmt.Errorf("push %s: %w", ref, err)
		}
	}
	return references, nil
}
