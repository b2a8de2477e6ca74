package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A caller that sends files only once they are asked for comes to the same
// result, in few rounds.
func TestLoad_asks_for_the_files_that_it_needs(t *testing.T) {
	files := archive(`
-- deploy/compose.yaml --
include: [../db/compose.yaml]
services:
  web:
    image: web:${TAG}
    extends: {file: base/web.yaml, service: web}
    env_file: [web.env, {path: none.env, required: false}]
    configs: [site]
    volumes: ["./nginx.conf:/etc/nginx.conf:ro"]
configs: {site: {file: site.conf}}
-- deploy/.env --
TAG=1
-- deploy/base/web.yaml --
services: {web: {env_file: base.env}}
-- deploy/base/base.env --
A=1
-- deploy/web.env --
B=2
-- deploy/site.conf --
server {}
-- deploy/nginx.conf --
events {}
-- db/compose.yaml --
services: {db: {image: db:1}}
`)
	in := Input{Name: "shop", Files: []string{"deploy/compose.yaml"}, Read: FromFS(files)}
	want, err := Load(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	sent, rounds := map[string]bool{}, []string{}
	for {
		in.Read = func(name string) ([]byte, error) {
			if !sent[name] {
				return nil, ErrUnsent
			}
			return FromFS(files)(name)
		}
		got, err := Load(context.Background(), in)
		var missing *Missing
		if err == nil {
			if got.Stack.Hash() != want.Stack.Hash() {
				t.Errorf("the model is\n%s\nwant\n%s", got.Stack.JSON(), want.Stack.JSON())
			}
			break
		}
		if !errors.As(err, &missing) || len(rounds) > 5 {
			t.Fatalf("round %d: %v", len(rounds)+1, err)
		}
		rounds = append(rounds, strings.Join(missing.Names, " "))
		for _, name := range missing.Names {
			sent[name] = true
		}
	}
	asked := []string{
		"deploy/.env deploy/compose.yaml",
		"db/.env db/compose.yaml deploy/base/web.yaml",
		"deploy/base/base.env deploy/nginx.conf deploy/none.env deploy/site.conf deploy/web.env",
	}
	if !slices.Equal(rounds, asked) {
		t.Errorf("it asks for %q, want %q", rounds, asked)
	}
}

// What a secret holds stands nowhere that is shown or kept in clear.
func TestSecrets_are_nowhere_but_in_Secrets(t *testing.T) {
	const value = "s3cr3t-value"
	files := archive("-- compose.yaml --\nservices:\n  web: {image: \"web:1\", secrets: [a, b]}\nsecrets: {a: {file: a}, b: {external: true}}\n-- a --\n" + value)
	with := func(b string, key string) func(*Input) {
		return func(in *Input) {
			in.Secrets, in.Key = map[string]Secret{"b": Secret(b)}, []byte(key)
		}
	}
	r, err := load(t, files, with(value, "k"))
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Secrets["a"]) != value+"\n" && string(r.Secrets["a"]) != value || string(r.Secrets["b"]) != value {
		t.Errorf("secrets hold %q and %q, want %q", string(r.Secrets["a"]), string(r.Secrets["b"]), value)
	}
	for _, shown := range []string{string(r.Stack.JSON()), fmt.Sprint(r.Secrets), fmt.Sprintf("%#v %+v %q", r.Secrets, r.Secrets, r.Secrets), fmt.Sprint(r.Notes)} {
		if strings.Contains(shown, value) {
			t.Errorf("it is shown in %s", shown)
		}
	}
	if r.Stack.Secrets["a"].Size != 0 || r.Stack.Secrets["a"].Hash == r.Stack.Secrets["b"].Hash {
		t.Errorf("the model tells of them: %+v", r.Stack.Secrets)
	}
	again, err := load(t, files, with(value, "k"))
	if err != nil || again.Stack.Hash() != r.Stack.Hash() {
		t.Errorf("the same secrets make another model, %v", err)
	}
	for what, change := range map[string]func(*Input){"another value": with("other", "k"), "another key": with(value, "other")} {
		if other, err := load(t, files, change); err != nil || other.Stack.Hash() == r.Stack.Hash() {
			t.Errorf("%s makes the same model, %v", what, err)
		}
	}
	if _, err := load(t, files, with(value, "")); err == nil || !strings.Contains(err.Error(), "there is no key of the site's to keep it by") {
		t.Errorf("without a key: %v", err)
	}
}

// The environment of the process and files outside of the project count for
// nothing.
func TestLoad_reads_nothing_but_what_it_is_given(t *testing.T) {
	t.Setenv("TAG", "from the process")
	t.Setenv("HOME", t.TempDir())
	for text, want := range map[string]string{
		"services: {web: {image: \"web:${TAG}\"}}":                                        "variable TAG is not set",
		"services: {web: {extends: {file: /etc/passwd, service: web}}}":                   "there is no file /etc/passwd",
		"include: [/etc/hosts]\nservices: {web: {image: web}}":                            "there is no file /etc/hosts",
		"services: {web: {image: web, env_file: /etc/hosts}}":                             "there is no file /etc/hosts",
		"services: {web: {image: web, label_file: /etc/hosts}}":                           "there is no file /etc/hosts",
		"services: {web: {image: web, configs: [a]}}\nconfigs: {a: {file: /etc/hosts}}":   "there is no file /etc/hosts",
		"services: {web: {image: web, volumes: [\"~/x:/x\"]}}":                            "~ is whose home?",
		"include: [\"https://example.com/compose.yaml\"]\nservices: {web: {image: web}}":  "is elsewhere",
		"include: [{path: a.yaml, env_file: ../../../../../../../../../b}]\nservices: {}": "more than 8 folders up",
	} {
		_, err := load(t, fstest.MapFS{"compose.yaml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %s", text, err, want)
		}
	}
}

// Compose files may be named by absolute paths: what they name relative to
// themselves is the project's all the same, and no path of the hosts.
func TestLoad_takes_absolute_names(t *testing.T) {
	files := archive(`
-- srv/shop/compose.yaml --
services:
  web:
    extends: {file: /opt/base.yaml, service: base}
    volumes: ["./html.conf:/html.conf:ro", "/srv/html:/html"]
-- opt/base.yaml --
services: {base: {image: base:1, env_file: base.env, volumes: ["./base.conf:/base.conf:ro"]}}
-- opt/base.env --
A=1
-- opt/base.conf --
base
-- srv/shop/html.conf --
html
`)
	absolute := func(name string) ([]byte, error) {
		relative, ok := strings.CutPrefix(name, "/")
		if !ok {
			t.Errorf("it asks for %s", name)
		}
		return FromFS(files)(relative)
	}
	r, err := Load(context.Background(), Input{Name: "shop", Files: []string{"/srv/shop/compose.yaml"}, Read: absolute})
	if err != nil {
		t.Fatal(err)
	}
	web := r.Stack.Services["web"]
	if got, want := fmt.Sprint(web.Container.Volumes, web.Container.Env, web.Configs), "[/srv/html:/html] map[A:1] [{/opt/base.conf /base.conf   } {/srv/shop/html.conf /html.conf   }]"; got != want {
		t.Errorf("web has %s, want %s", got, want)
	}
}

// Three hundred services are read in a moment; each has a message of its own
// where it is wrong.
func TestLoad_of_many_services(t *testing.T) {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  web%d: {image: \"web:1\", cap_add: [FLY], volumes: [\"data%d:/data\"]}\n", i, i)
	}
	b.WriteString("volumes:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  data%d:\n", i)
	}
	_, err := load(t, fstest.MapFS{"compose.yaml": {Data: []byte(b.String())}})
	var wrong Errors
	if !errors.As(err, &wrong) || len(wrong) != 300 || wrong[299].Line != 301 {
		t.Errorf("%d errors, %v", len(wrong), err)
	}
}

func TestUnsetVariables(t *testing.T) {
	set := map[string]string{"SET": "x", "EMPTY": ""}
	for s, want := range map[string]string{
		"plain":                         "",
		"$SET ${SET} $$UNSET $${UNSET}": "",
		"$A${B}c":                       "A B",
		"${A:-d} ${A-d} ${EMPTY:-d}":    "",
		"${A:-${B}} ${SET:-${C}}":       "B",
		"${A:-${B:-${C}}}":              "C",
		"${A:?why} ${A?} ${EMPTY:?no}":  "A:why A: EMPTY:no",
		"${A:+${B}} ${SET:+${C}}":       "C",
		"$1 $ 5$ ${ ${}":                "",
		"${EMPTY} $EMPTY":               "",
	} {
		var got []string
		for _, u := range unsetVariables(s, scope{env: set}.lookup) {
			name := u.name
			if u.required {
				name += ":" + u.message
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("unsetVariables(%q) = %q, want %q", s, got, want)
		}
	}
}
