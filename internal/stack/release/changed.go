package release

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// changed says what a service's containers are made of now that they were not
// before: by names, never by values, as there may be secrets among these. Of an
// image it shows both.
func (r Release) changed(from Release, service string) string {
	was, is := from.made(service), r.made(service)
	var words []string
	if was.Container.Image != is.Container.Image {
		words = append(words, imageChange(was.Container.Image, is.Container.Image))
	}
	words = append(words, named("environment", was.Container.Env, is.Container.Env)...)
	words = append(words, named("environment", was.Container.EnvSecrets, is.Container.EnvSecrets)...)
	words = append(words, named("config", hashes(was.Configs), hashes(is.Configs))...)
	words = append(words, named("secret", hashes(was.Secrets), hashes(is.Secrets))...)
	words = append(words, named("network", was.Networks, is.Networks)...)
	words = append(words, named("volume", was.Volumes, is.Volumes)...)
	for _, m := range []*made{&was, &is} {
		m.Container.Image, m.Container.Env, m.Container.EnvSecrets = "", nil, nil
		m.Configs, m.Secrets, m.Networks, m.Volumes = nil, nil, nil, nil
	}
	words = append(words, named("", keys(was.Container), keys(is.Container))...)
	was.Container = is.Container
	words = append(words, named("", keys(was), keys(is))...)
	if len(words) == 0 {
		return "made by another release of rundock"
	}
	return strings.Join(words, ", ")
}

// named lists the keys by which two maps differ: environment DB_HOST, DB_USER.
func named[V any](what string, was, is map[string]V) []string {
	var names []string
	for name := range was {
		if _, there := is[name]; !there || string(encode(was[name])) != string(encode(is[name])) {
			names = append(names, name)
		}
	}
	for name := range is {
		if _, there := was[name]; !there {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{strings.TrimPrefix(what+" "+strings.Join(names, ", "), " ")}
}

// hashes are files by what they are called, with all that an instance has of them.
func hashes(files []madeFile) map[string][]madeFile {
	all := map[string][]madeFile{}
	for _, f := range files {
		all[f.Source] = append(all[f.Source], f)
	}
	return all
}

// keys are a struct's fields by their names in JSON.
func keys(v any) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(encode(v), &all); err != nil {
		panic(err) // a struct is an object
	}
	return all
}

// imageChange shows both images, or where only the digest is another one both
// digests, by their first twelve digits.
func imageChange(was, is string) string {
	oldName, oldDigest := cutDigest(was)
	newName, newDigest := cutDigest(is)
	if oldName == newName {
		return fmt.Sprintf("image %s: %s -> %s", newName, oldDigest, newDigest)
	}
	return fmt.Sprintf("image %s -> %s", oldName, newName)
}

// cutDigest parts name@sha256:0123...; what has none has "no digest".
func cutDigest(image string) (name, digest string) {
	name, digest, has := strings.Cut(image, "@sha256:")
	if !has {
		return name, "no digest"
	}
	return name, digest[:min(len(digest), 12)]
}

// sortedKeys are a map's keys, sorted.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
