package preview

import "testing"

func TestWorkerOf_is_the_inverse_of_WorkerKey(t *testing.T) {
	if host, ok := WorkerOf(WorkerKey("node-1")); !ok || host != "node-1" {
		t.Errorf("WorkerOf(WorkerKey(node-1)) = %q, %v", host, ok)
	}
	for _, key := range []string{WorkerPrefix, WorkerPrefix + "a/b", StateKey("node-1")} {
		if host, ok := WorkerOf(key); ok {
			t.Errorf("WorkerOf(%s) = %q, want none", key, host)
		}
	}
	w := Worker{ID: "w", Host: "node-1", Most: 20}
	if again, err := ParseWorker(w.JSON()); err != nil || again != w {
		t.Errorf("%+v is read as %+v, %v", w, again, err)
	}
	if _, err := ParseWorker([]byte("{")); err == nil {
		t.Error("half a value is read")
	}
}
