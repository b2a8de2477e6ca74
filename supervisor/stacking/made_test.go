package stacking

import (
	"encoding/json"
	"strings"
	"testing"

	"rundock/internal/control"
)

// byModel asks for the shop by a model that is made already, of whatever files.
func (b *bench) byModel(change func(*control.StackModel)) func(*control.StackRequest) {
	b.Helper()
	b.withShop()
	w, needs, err := b.site.gather(b.Context(), control.StackRequest{Name: "shop", Compose: []string{"compose.yaml"}, Files: b.files}, &key{data: newKey()})
	if err != nil || needs.any() {
		b.Fatal(err, needs)
	}
	raw, err := json.Marshal(w.model)
	if err != nil {
		b.Fatal(err)
	}
	m := &control.StackModel{Stack: raw, Configs: w.configs, Secrets: map[string][]byte{}}
	for name, value := range w.secrets {
		m.Secrets[name] = value
	}
	change(m)
	return func(q *control.StackRequest) { q.Compose, q.Files, q.Model = nil, nil, m }
}

func TestRun_of_a_model_that_is_made_already(t *testing.T) {
	b := newBench(t)
	given := b.byModel(func(*control.StackModel) {})
	begun := b.must(control.StackBegin, given)
	b.checkEntries(begun)
	if secrets := b.must(control.StackSecret).Secrets; string(secrets["1/password"]) != "hunter2" {
		t.Errorf("secrets = %v", secrets)
	}
	b.roll(begun, "")
	b.must(control.StackDone)
	b.must(control.StackEnd)
	if again := b.must(control.StackPlan, given); again.Changed {
		t.Errorf("the same model again: %q", again.Lines)
	}
}

func TestRun_of_a_model_that_is_wrong_is_refused(t *testing.T) {
	b := newBench(t)
	for want, change := range map[string]func(*control.StackModel){
		`unknown field "colour"`: func(m *control.StackModel) { m.Stack = json.RawMessage(`{"version":1,"name":"shop","colour":"red"}`) },
		`it is of "blog"`:        func(m *control.StackModel) { m.Stack = json.RawMessage(`{"version":1,"name":"blog"}`) },
		"version 9":              func(m *control.StackModel) { m.Stack = json.RawMessage(`{"version":9,"name":"shop"}`) },
		"what is to be built was not": func(m *control.StackModel) {
			m.Stack = json.RawMessage(`{"version":1,"name":"shop","services":{"web":{"container":{"image":"web"},"build":{"context":"."}}}}`)
		},
	} {
		if a := b.ask(control.StackBegin, b.byModel(change)); !strings.Contains(a.Error, want) {
			t.Errorf("begin says %q, want %q", a.Error, want)
		}
	}
	if len(b.keys()) != 0 {
		t.Errorf("refused models wrote %v", b.keys())
	}
}
