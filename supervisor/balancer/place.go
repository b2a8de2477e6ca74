package balancer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"rundock/internal/fstree"
	"rundock/internal/haproxy"
)

// program is HAProxy.
const program = "haproxy"

// checkPatience bounds HAProxy's check of a configuration.
const checkPatience = time.Minute

// placeMaps writes the maps' files, which HAProxy reads when it starts.
func placeMaps(site haproxy.Site, routes map[string]haproxy.Route) error {
	r, shares := haproxy.Maps(site, routes)
	for _, m := range []haproxy.Map{r, shares} {
		if have, err := os.ReadFile(m.Path); err == nil && bytes.Equal(have, m.Text()) {
			continue
		}
		if err := fstree.Replace(m.Path, 0o644, m.Text()); err != nil {
			return err
		}
	}
	return nil
}

// savedRoutes are those of the maps' files; none where there are no files.
func savedRoutes(site haproxy.Site) map[string]haproxy.Route {
	routes, shares := haproxy.Maps(site, nil)
	var entries [2][]haproxy.Entry
	for i, m := range []haproxy.Map{routes, shares} {
		text, err := os.ReadFile(m.Path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
				entries[i] = append(entries[i], haproxy.Entry{Key: key, Value: value})
			}
		}
	}
	return haproxy.RoutesOf(entries[0], entries[1])
}

// placeConfig makes the configuration's file hold config, if HAProxy takes it,
// and reports whether it was another one.
func placeConfig(ctx context.Context, site haproxy.Site, config []byte) (changed bool, err error) {
	have, err := os.ReadFile(site.Config())
	if err == nil && bytes.Equal(have, config) {
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	// It has the password of the statistics page.
	write := func(f *os.File) error {
		_, err := f.Write(config)
		return errors.Join(f.Chmod(0o600), err)
	}
	return true, fstree.Judged(site.Config(), write, func(staged string) error {
		if err := checkConfig(ctx, staged); err != nil {
			return errors.New(strings.ReplaceAll(err.Error(), staged, site.Config()))
		}
		return nil
	})
}

// checkConfig has HAProxy check a configuration.
func checkConfig(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "-c", "-f", path).CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s -c was ended: %w", program, context.Cause(ctx))
	}
	var alerts []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "ALERT") || strings.Contains(line, "ERROR") {
			_, what, _ := strings.Cut(strings.TrimSpace(line), " : ")
			alerts = append(alerts, what)
		}
	}
	if len(alerts) == 0 {
		return fmt.Errorf("%s -c: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	return fmt.Errorf("%s -c: %s", program, strings.Join(alerts, "; "))
}
