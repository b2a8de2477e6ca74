package ansible

import (
	"errors"
	"strings"
	"testing"

	"rundock/internal/fstree"
)

// hidden has a parameter that another one makes secret, which Ansible's own
// specifications cannot say.
var hidden = Spec{Module: "hidden", Params: []Param{{Name: "shown", NoLogIf: "hide"}, {Name: "hide", Type: Bool}}}

// A secret may get into any part of an answer, from any level of the
// arguments, however they are written.
func TestNoSecretIsInTheAnswer(t *testing.T) {
	t.Setenv("RUNDOCK_TEST_TOKEN", "s3cret-of-environment")
	for _, c := range []struct {
		name  string
		spec  Spec
		given string
	}{
		{"in an element of a list", nested, `{"announces":[{"port":80},{"port":81,"user":"u","token":"s3cret-a"}]}`},
		{"by an alias of the list", nested, `{"ports":[{"p":80,"user":"u","token":"s3cret-a"}]}`},
		{"in the JSON of an ad-hoc call", nested, `{"announces":"[{\"port\":80,\"user\":\"u\",\"token\":\"s3cret-a\"}]"}`},
		{"in the Python of an ad-hoc call", nested, `{"announces":"{'port':80,'user':'u','token':'s3cret-a'}"}`},
		{"in key=value", nested, `{"announces":["port=80 user=u token=s3cret-a"]}`},
		{"in JSON that is broken", nested, `{"announces":"[{\"port\":80,\"user\":\"u\",\"token\":\"s3cret-a\"}"}`},
		{"in a dict where the list's element is wrong", nested, `{"announces":[{"token":"s3cret-a","user":"u","port":80},5]}`},
		{"in a call with another error", nested, `{"announces":[{"token":"s3cret-a","port":"http"}]}`},
		{"in a choice", nested, `{"announces":[{"token":"s3cret-a","user":"u","port":80,"as":"s3cret-a"}]}`},
		{"in a dict of secrets", old, `{"pins":{"a":"s3cret-a","b":{"c":["s3cret-b"]}}}`},
		{"in the string of a dict", old, `{"pins":"a=s3cret-a,b=s3cret-b"}`},
		{"in a list of secrets", old, `{"keys":["s3cret-a","s3cret-b"]}`},
		{"in the string of a list", old, `{"keys":"s3cret-a,s3cret-b"}`},
		{"from the environment", old, `{"api":{}}`},
		{"which another parameter makes one", hidden, `{"shown":"s3cret-a","hide":true}`},
		{"also by a word that is no truth", hidden, `{"shown":"s3cret-a","hide":"perhaps"}`},
		{"as something else than a string", old, `{"seed":{"a":["s3cret-a"]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := strings.TrimSuffix(c.given, "}") + `,"_ansible_diff":true,"_ansible_inject_invocation":true}`
			tell := []string{"s3cret-a", "s3cret-b", "s3cret-of-environment"}
			told := tell[:0:0]
			for _, s := range tell {
				if strings.Contains(c.given, s) || c.name == "from the environment" && s == tell[2] {
					told = append(told, s)
				}
			}
			text := strings.Join(told, " and ")
			output, _ := respond(c.spec, []byte(given), nil, func(Call) Result {
				return Result{
					Err:          errors.New("refused: " + text),
					Warnings:     []string{text},
					Deprecations: []Deprecation{{Msg: text}},
					Diff:         []fstree.Diff{{Before: text, After: text, BeforeHeader: text, AfterHeader: text}},
					Values:       map[string]any{"stdout": text, "list": []map[string]any{{"x": told}}},
				}
			})
			if strings.Contains(string(output), "s3cret") {
				t.Errorf("the answer to %s has a secret:\n%s", given, output)
			}
			panicked, _ := respond(c.spec, []byte(given), nil, func(Call) Result { panic(text) })
			if strings.Contains(string(panicked), "s3cret") {
				t.Errorf("the answer after a panic has a secret:\n%s", panicked)
			}
		})
	}
}

func TestMaskKeepsWhatDecides(t *testing.T) {
	output, _ := respond(old, []byte(`{"seed":"e","keys":["8"],"pins":{"a":""}}`), nil, func(Call) Result {
		return Result{Changed: true, Err: errors.New("e"), Values: map[string]any{"port": 8086, "n": 123, "ok": true, "nothing": nil, "text": "beer"}}
	})
	want := `{"changed":true,"failed":true,"msg":"` + masked + `","n":123,"nothing":null,"ok":true,"port":"` + masked + `","text":"b****************r"}` + "\n"
	if string(output) != want {
		t.Errorf("answer\n got  %s want %s", output, want)
	}
}
