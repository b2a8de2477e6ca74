package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// volumes are what is mounted in the container.
func (v *servicing) volumes() {
	v.setEach("tmpfs", "tmpfs", v.c.Tmpfs)
	for i, c := range v.c.Volumes {
		key := fmt.Sprintf("volumes[%d]", i)
		c = v.withoutDrive(c)
		switch c.Type {
		case types.VolumeTypeBind:
			v.bind(key, c)
		case types.VolumeTypeVolume:
			v.volume(key, c)
		case types.VolumeTypeTmpfs:
			v.tmpfs(key, c)
		default:
			v.fail(key, "type %s; allowed: bind, volume, tmpfs", c.Type)
		}
	}
	for i, from := range v.s.Pod.VolumesFrom {
		v.set(fmt.Sprintf("volumes_from[%d]", i), "volumes-from", from)
	}
	slices.Sort(v.s.Volumes)
	v.s.Volumes = slices.Compact(v.s.Volumes)
}

// withoutDrive is c, or what v:/data means where v is a volume: compose-go takes the
// letter for a drive of Windows, which no host has.
func (v *servicing) withoutDrive(c types.ServiceVolumeConfig) types.ServiceVolumeConfig {
	text := c.Target
	if c.Source != "" && !strings.HasPrefix(c.Target, "/") { // v:/data:ro is v:/data at ro
		text = c.Source + ":" + c.Target
	}
	letter, _, is := strings.Cut(text, ":/")
	if _, known := v.loaded.Volumes[letter]; !is || !known || len(letter) != 1 {
		return c
	}
	meant, err := format.ParseVolume(letter + text) // two letters are no drive
	if err != nil {
		return c // which is refused
	}
	meant.Source = letter
	return meant
}

// bind mounts a path of the host, or a file of the project.
func (v *servicing) bind(key string, c types.ServiceVolumeConfig) {
	source, ofProject := v.stage.ofProject(c.Source)
	if ofProject {
		v.projectFile(key, source, c)
		return
	}
	b := c.Bind
	if b == nil {
		b = &types.ServiceVolumeBind{CreateHostPath: true}
	}
	if b.Recursive == "" && (bool(b.CreateHostPath) || b.SELinux != "") {
		options := options(readOnly(c), b.SELinux, b.Propagation)
		v.set(key, "volume", source+":"+c.Target+options)
		return
	}
	v.mount(key, c, spec.Pair{Key: "source", Value: source}, spec.Pair{Key: "propagation", Value: b.Propagation},
		spec.Pair{Key: recursiveKeys[b.Recursive], Value: "true"}, spec.Pair{Key: "create_mountpoint", Value: truth(bool(b.CreateHostPath))})
}

// recursiveKeys are the parameters of the builder for values of bind.recursive.
var recursiveKeys = map[string]string{"disabled": "non_recursive", "writable": "read_only_non_recursive", "readonly": "read_only_force_recursive"}

func readOnly(c types.ServiceVolumeConfig) string {
	if c.ReadOnly {
		return "ro"
	}
	return ""
}

func truth(on bool) string {
	if on {
		return "true"
	}
	return ""
}

// options are those of a flag --volume.
func options(words ...string) string {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	if len(words) == 0 {
		return ""
	}
	return ":" + strings.Join(words, ",")
}

// mount gives --mount a volume: pairs without a key or a value are left out.
func (v *servicing) mount(key string, c types.ServiceVolumeConfig, pairs ...spec.Pair) {
	pairs = append([]spec.Pair{{Key: "type", Value: c.Type}, {Key: "target", Value: c.Target}, {Key: "read_only", Value: truth(c.ReadOnly)}}, pairs...)
	pairs = slices.DeleteFunc(pairs, func(p spec.Pair) bool { return p.Key == "" || p.Value == "" })
	if !v.broken {
		name, index, _ := strings.Cut(strings.TrimSuffix(key, "]"), "[")
		n, _ := strconv.Atoi(index)
		v.report(key, v.b.SetPairs(name, n, "mount", pairs))
	}
}

// projectFile is a file of the project that is mounted as a bind: hosts have
// none of the project's, so it is sent as a config.
func (v *servicing) projectFile(key, name string, c types.ServiceVolumeConfig) {
	shown := "./" + name
	if path.IsAbs(name) || strings.HasPrefix(name, "../") || name == "." || name == ".." {
		shown = name
	}
	data, err := v.source.file(name)
	switch {
	case errors.Is(err, ErrUnsent):
		return
	case errors.Is(err, ErrFolder), name == ".", errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(c.Source, "/"):
		v.fail(key, "%s is a folder beside the compose files, which hosts do not have: put it into the image, use a volume, or name a path of the host", shown)
		return
	case errors.Is(err, fs.ErrNotExist):
		v.fail(key, "%s is not there; it is looked for beside the compose files, which hosts do not have", shown)
		return
	case err != nil:
		v.unreadable(v.places.finding(v.name, key, ""), name, err)
		return
	}
	if !c.ReadOnly {
		v.note(key, "%s is sent with the release as a config, which the container cannot write to", shown)
	}
	if v.keepConfig(shown, data, key) {
		v.s.Configs = append(v.s.Configs, stack.Use{Source: shown, Target: path.Clean(c.Target)})
	}
}

// volume mounts a named volume, or an anonymous one.
func (v *servicing) volume(key string, c types.ServiceVolumeConfig) {
	nocopy, subpath, labels := "", "", map[string]string(nil)
	if c.Volume != nil {
		subpath, labels = c.Volume.Subpath, c.Volume.Labels
		if c.Volume.NoCopy {
			nocopy = "nocopy"
		}
	}
	if c.Source == "" {
		if c.ReadOnly || nocopy != "" {
			v.mount(key, c, spec.Pair{Key: "no_copy", Value: truth(nocopy != "")})
		} else {
			v.set(key, "volume", c.Target)
		}
		return
	}
	made := v.volumeOf(c.Source)
	v.s.Volumes = append(v.s.Volumes, c.Source)
	if subpath == "" && len(labels) == 0 && made.Driver == "" && made.Options == nil && made.Labels == nil {
		v.set(key, "volume", made.Name+":"+c.Target+options(readOnly(c), nocopy))
		return
	}
	pairs := []spec.Pair{{Key: "source", Value: made.Name}, {Key: "no_copy", Value: truth(nocopy != "")}, {Key: "subpath", Value: subpath}}
	if !made.External {
		pairs = append(pairs, spec.Pair{Key: "volume_driver", Value: made.Driver})
		for _, name := range sortedKeys(made.Options) {
			pairs = append(pairs, spec.Pair{Key: "volume_options", Value: name + "=" + made.Options[name]})
		}
		all := map[string]string{}
		maps.Copy(all, made.Labels)
		maps.Copy(all, labels)
		for _, name := range sortedKeys(all) {
			pairs = append(pairs, spec.Pair{Key: "labels", Value: name + "=" + all[name]})
		}
	}
	v.mount(key, c, pairs...)
}

func (v *servicing) tmpfs(key string, c types.ServiceVolumeConfig) {
	var pairs []spec.Pair
	if t := c.Tmpfs; t != nil && t.Size != 0 {
		pairs = append(pairs, spec.Pair{Key: "tmpfs_size", Value: strconv.FormatInt(int64(t.Size), 10)})
	}
	if t := c.Tmpfs; t != nil && t.Mode != 0 {
		pairs = append(pairs, spec.Pair{Key: "tmpfs_mode", Value: strconv.FormatUint(uint64(t.Mode), 8)})
	}
	v.mount(key, c, pairs...)
}

// sharedTypes are file systems that a volume of Docker's local driver can have
// and that are the same on all hosts.
var sharedTypes = []string{"nfs", "nfs4", "cifs", "ceph", "glusterfs"}

// volumeOf is the volume that the files call key.
func (p *project) volumeOf(key string) stack.Volume {
	c := p.loaded.Volumes[key]
	made := stack.Volume{Name: c.Name, External: bool(c.External), Driver: c.Driver, Options: plain(c.DriverOpts), Labels: plain(c.Labels)}
	if made.Name == "" {
		made.Name = p.in.Name + "_" + key
	}
	if made.Driver == "local" || made.Driver == "default" {
		made.Driver = ""
	}
	made.Shared = made.Driver == "" && slices.Contains(sharedTypes, made.Options["type"])
	return made
}

// volumes are those that services mount.
func (p *project) volumes(services map[string]stack.Service) map[string]stack.Volume {
	used := map[string]stack.Volume{}
	for _, s := range services {
		for _, key := range s.Volumes {
			used[key] = p.volumeOf(key)
		}
	}
	for _, key := range sortedKeys(p.loaded.Volumes) {
		if _, ok := used[key]; !ok {
			p.note("volumes."+key, "no service mounts it, so that it is not made")
		} else if used[key].Driver != "" {
			p.note("volumes."+key+".driver", "%s is taken for one of which each host has its own data, so that instances stay on their host", used[key].Driver)
		}
	}
	return used
}
