package build

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/container/dockertest"
)

func TestVariables_name_the_image_as_the_daemon_does(t *testing.T) {
	v := variables{}
	for _, rest := range []string{`A=1 B="2"`, "C", "D=$A.${B}", "E=", "F='$A'"} {
		v.declare(rest, map[string]string{"C": "3", "X": "9"})
	}
	for rest, want := range map[string]base{
		"a":                             {image: "a"},
		"a:$A AS Web":                   {image: "a:1", stage: "web"},
		"--platform=linux/s390x \"a\"":  {image: "a", platform: "linux/s390x"},
		"a:${B}-$C":                     {image: "a:2-3"},
		"a:$D":                          {image: "a:1.2"},
		"a:${E:-x}${E-y}":               {image: "a:x"},
		"a:${X:-x}${X-y}${A:+z}${X+zz}": {image: "a:xyz"},
	} {
		if got, why := v.base(rest); got != want || why != "" {
			t.Errorf("FROM %s is of %+v, %q; want %+v", rest, got, why, want)
		}
	}
	for _, rest := range []string{"", "a b", "a AS ä", "$X", "a:$F", "${A#1}", "'$A'", "a\\b", "${A:-${B}}", "--x a", "--platform=$X a"} {
		if got, why := v.base(rest); why == "" {
			t.Errorf("FROM %s is of %+v, want none", rest, got)
		}
	}
}

func TestOtherFroms_are_what_the_daemon_may_take_for_one(t *testing.T) {
	for _, text := range []string{
		"FROM a", "from\va AS b", "\u00a0FROM a", "FR\\\nOM a", "F`\n# x\n\nROM a", "FROM \\\n a", "RUN a \\\\\nFROM a", "RUN a `\nFROM \"a\"", "FROM --platform=\"a b\" a as b",
		"FROM --platform=\"a b c d\" a", "FROM " + strings.Repeat("\\\n", addLinesAtMost), "FROM a\\\n", "RUN x <<.E\nFROM a AS b\n.E\n",
	} {
		if found := otherFroms("Dockerfile", text, nil); len(found) != 1 {
			t.Errorf("of %q there are %q", text, found)
		}
	}
	const other = "RUN python -c 'a; \\\nfrom x import y; \\\nfrom z import y'\nFROMAGE a\n# FROM a\nRUN echo FROM a\nONBUILD FROM a\nFROM\nFROM a b\n"
	if found := otherFroms("Dockerfile", other+"from x import "+strings.Repeat("a, \\\n", 2*addLinesAtMost), nil); len(found) > 0 {
		t.Errorf("of what are none there are %q", found)
	}
	if found := otherFroms("Dockerfile", "FROM a\nFROM b", map[int]bool{0: true}); len(found) != 1 || !strings.HasPrefix(found[0], "Dockerfile:2: FROM: FROM b: ") {
		t.Errorf("besides what is written here there are %q", found)
	}
}

// looksIntoBases is a part of TestBuild.
func (s *site) looksIntoBases(t *testing.T) {
	s.t = t
	const address = "http://" + dockertest.Registry + "/v2/_catalog"
	n := 0
	build := func(b Builder, name, text string, change func(*Request)) (Made, string, error) {
		t.Helper()
		n++
		r, log := s.request("bases"+name+text, "")
		r.Push, r.Name, r.Build.Inline = false, "bases/"+name, text
		if change != nil {
			change(&r)
		}
		made, err := b.Build(t.Context(), r)
		return made, log(), err
	}
	tagged := func(name, text string) string {
		t.Helper()
		made, said, err := build(s.builder, name, text, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		return made.Image
	}
	plain := tagged("plain", "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\n")
	evil := tagged("evil", "FROM "+plain+"\nONBUILD RUN busybox true\nONBUILD ADD "+address+" /x\n")
	evilVariable := tagged("evil-variable", "FROM "+plain+"\nENV U="+address+"\nONBUILD ADD $U /x\n")
	good := tagged("good", "FROM "+plain+"\nONBUILD RUN busybox echo triggered\nONBUILD ADD a /a\n")
	// Nobody looks into what a stack's build begins with.
	if _, said, err := build(s.builder, "trusted", "FROM "+evil+"\nRUN busybox cat /x\n", nil); err != nil || !strings.Contains(said, "repositories") {
		t.Errorf("a build that may fetch: %v\n%s", err, said)
	}
	b := s.builder
	b.NoFetch = true
	s.tag(t, evil, "evil:latest")
	const lowercase = "invalid reference format: repository name must be lowercase"
	for text, want := range map[string]string{
		"FROM " + evil + "\n":         "dockerfile_inline:1: FROM: image " + evil + " has ONBUILD \"ADD " + address + " /x\"",
		"FROM " + evilVariable + "\n": "dockerfile_inline:1: FROM: image " + evilVariable + " has ONBUILD \"ADD $U /x\"",
		"FROM " + plain + " AS a\nFROM a AS b\nFROM \\\n  " + evil + "\n":                       "dockerfile_inline:3: FROM: image " + evil,
		"ARG A\nFROM bases/${B:-evil}:$A\n":                                                     "dockerfile_inline:2: FROM: image " + evil,
		"# ESCAPE=`\nFROM " + plain + "\nRUN true `\nFROM scratch AS evil\nFROM evil\nUSER a\n": lowercase, // for the daemon there is no such stage
	} {
		_, said, err := build(b, "refused", text, func(r *Request) {
			_, tag, _ := strings.Cut(evil, ":")
			r.Build.Args = map[string]string{"A": tag}
		})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(said, "repositories") {
			t.Errorf("of %q: %v, want %q\n%s", text, err, want, said)
		}
		var refused Refused
		if want != lowercase && !errors.As(err, &refused) {
			t.Errorf("of %q: %v is not said to be refused", text, err)
		}
	}
	_, said, err := build(b, "taken", "ARG B=good\nFROM "+plain+" AS One\nRUN busybox echo 1 >/one\nFROM "+good+" AS two\nCOPY --from=one /one /one\nFROM --platform=$BUILDPLATFORM oNe\nCOPY --from=two /a /one /\nRUN busybox cat /a /one\nFROM two AS last\nFROM "+evil+"\n", func(r *Request) { r.Build.Target = "LAST" })
	if err != nil || !strings.Contains(said, "\ntriggered") || !strings.Contains(said, ": FROM: "+good+" is ") {
		t.Errorf("of images that fetch nothing: %v\n%s", err, said)
	}
	s.looksIntoPulled(t, b, build)
}

// looksIntoPulled is of images that are at an image registry.
func (s *site) looksIntoPulled(t *testing.T, b Builder, build func(Builder, string, string, func(*Request)) (Made, string, error)) {
	t.Helper()
	const name = dockertest.Registry + "/bases/pulled"
	push := func(text string) {
		t.Helper()
		made, said, err := build(s.builder, filepath.Base(name)+"-made", text, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		ctx := context.WithoutCancel(t.Context())
		_, err = s.builder.Docker.Push(ctx, s.tag(t, made.Image, name+":1"))
		if err := errors.Join(err, s.builder.Docker.UntagImage(ctx, name+":1")); err != nil {
			t.Fatal(err)
		}
	}
	const busybox = "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\n"
	push(busybox + "RUN busybox echo first >/made\n")
	on := func(tree string, pull bool) (string, error) {
		_, said, err := build(b, "pulled-on", "FROM "+name+":1\nRUN busybox cat /made\n", func(r *Request) { r.Tree, r.Build.Pull = tree, pull })
		return said, err
	}
	if said, err := on("1", false); err != nil || !strings.Contains(said, "\nfirst") {
		t.Errorf("an image that is not here: %v\n%s", err, said)
	}
	here, err := s.builder.Docker.ImageID(t.Context(), name+":1")
	if err != nil || here == "" {
		t.Fatal(here, err)
	}
	push(busybox + "RUN busybox echo second >/made\nONBUILD ADD http://" + dockertest.Registry + "/ /x\n")
	s.tag(t, here, name+":1")
	if said, err := on("2", false); err != nil {
		t.Errorf("an image that is here, and is another one at its image registry: %v\n%s", err, said)
	}
	if said, err := on("3", true); err == nil || !strings.Contains(err.Error(), "image "+name+":1 has ONBUILD") {
		t.Errorf("the same, which is to be pulled: %v\n%s", err, said)
	}
}

func (s *site) tag(t *testing.T, image, name string) string {
	t.Helper()
	id, err := s.builder.Docker.ImageID(t.Context(), image)
	if err == nil {
		err = s.builder.Docker.TagImage(t.Context(), id, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}
