package supervisor

import (
	"strings"
	"testing"

	"rundock/internal/spec"
)

func TestShown(t *testing.T) {
	state := func(image string, env, secrets map[string]string) []byte {
		t.Helper()
		data, err := Service{Version: Version, Name: "web", Container: spec.Container{Image: image, Env: env, EnvSecrets: secrets}}.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := state("app:1", map[string]string{"SAME": "hunter1", "OTHER": "hunter2", "GONE": "hunter3"}, map[string]string{"S": "digest1"})
	after := state("app:2", map[string]string{"SAME": "hunter1", "OTHER": "hunter4", "NEW": "hunter5"}, map[string]string{"S": "digest2"})
	old, present, ok := Shown(before, after)
	for text, lines := range map[string][]string{
		old:     {`"image": "app:1"`, `"SAME": "(value)"`, `"OTHER": "(old value)"`, `"GONE": "(value)"`, `"S": "(old value)"`},
		present: {`"image": "app:2"`, `"SAME": "(value)"`, `"OTHER": "(new value)"`, `"NEW": "(value)"`, `"S": "(new value)"`},
	} {
		for _, l := range lines {
			if !ok || !strings.Contains(text, l) {
				t.Errorf("%s is not in\n%s", l, text)
			}
		}
		if strings.Contains(text, "hunter") || strings.Contains(text, "digest") {
			t.Errorf("values are shown:\n%s", text)
		}
	}
	if old, present, ok = Shown(nil, after); !ok || old != "" || !strings.Contains(present, `"NEW": "(value)"`) {
		t.Errorf("a new one is shown as %q, %q, %v", old, present, ok)
	}
	if _, _, ok = Shown([]byte(`{"version":1,"edited":`), after); ok {
		t.Error("what nobody can read is shown")
	}
}
