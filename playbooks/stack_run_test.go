package playbooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
)

// module answers as all modules of a run do, by files of the folder of the stack that was begun last: STEP.json
// and STEP.2.json for the second such call, or MODULE.HOST.json. It notes each call there. Hosts are told apart
// by their caches, which are variables of theirs.
const module = `#!/usr/bin/python3
import json, os, pathlib, sys, time
path = pathlib.Path(sys.argv[0])
top, host, module = path.parents[2], path.parents[0].name, path.name.rpartition("-")[0]
asked = json.load(sys.stdin)
step = asked.get("step", "")
if step == "begin":
    (top / "begun").write_text(asked["name"])
top = top / (top / "begun").read_text()
what = {"rundock_overlay": asked.get("name"), "rundock": " ".join(s["name"] for s in asked.get("services", [])),
        "rundock_host": " ".join(f["path"] + "=" + f["content"] for f in asked.get("files", []))}.get(module, asked.get("why", ""))
call = " ".join(filter(None, [host, module[8:], step, str(asked.get("wave") or ""), what]))
with open(top / "calls", "a") as calls:
    calls.write(call + "\n")
while step == "wave" and (top / "held").exists():
    time.sleep(0.05)
nth = (top / "calls").read_text().count(f"{host} {module[8:]} {step}")
led = module == "rundock_stack" and step != "pull"
name = step if led else f"{module}.{host}"
for file in (f"{name}.{nth}.json", f"{name}.json"):
    if (top / file).exists():
        print((top / file).read_text())
        break
else:
    print(json.dumps({"changed": not led, "settle": "", "waves": [], "secret": False, "notes": [], "error": "", "from": 3}))
`

type object = map[string]any

// aRun is a site on this machine whose modules are scripts, and the role's task that does a run, for each of stacks.
func aRun(t *testing.T, stacks []string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	copyVariables(t, "stack", filepath.Join(dir, "roles", "stack"))
	if err := os.CopyFS(filepath.Join(dir, "plugins"), os.DirFS("plugins")); err != nil {
		t.Fatal(err)
	}
	run, err := os.ReadFile("roles/stack/tasks/run.yml")
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		"inventory": fmt.Sprintf(`one ansible_connection=local rundock_cache=%[1]s/hosts/one
two rundock_cache=%[1]s/hosts/two
gone ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
`, dir),
		// For all hosts but gone, which has another connection as a variable.
		"group_vars/all.yml":         "ansible_connection: local\n",
		"play.yml":                   strings.Replace(whichRelease, "  connection: local\n", "", 1),
		"ansible.cfg":                "[defaults]\naction_plugins = plugins/action\nlibrary = plugins/modules\n",
		"roles/stack/tasks/main.yml": string(run) + "  loop: \"{{ stacks }}\"\n  ignore_errors: true\n",
	} {
		write(t, dir, file, text)
	}
	for _, name := range []string{"rundock_stack", "rundock_overlay", "rundock_host", "rundock"} {
		for _, arch := range []string{"amd64", "arm64"} {
			write(t, dir, "programs/linux_"+arch+"/"+name, module)
		}
	}
	vars, err := json.Marshal(object{"stacks": stacks, "rundock_stack_name": "{{ item }}", "rundock_stack_leader": "one", "rundock_stack_facts": object{}, "rundock_stack_compose": []string{"compose.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "vars.json", string(vars))
	for _, stack := range stacks {
		write(t, dir, stack+"/calls", "")
	}
	return dir
}

var runArgs = []string{"--diff", "-e", "@vars.json"}

// answers has the modules answer in the run of a stack, by file.
func answers(t *testing.T, dir, stack string, files map[string]object) {
	t.Helper()
	for name, answer := range files {
		all := object{"changed": false, "settle": "", "waves": []any{}, "secret": false, "notes": []any{}, "error": "", "from": 3}
		maps.Copy(all, answer)
		if all["error"] != "" {
			all["failed"], all["msg"] = true, all["error"]
		}
		data, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, stack+"/"+name+".json", string(data))
	}
}

// called is what a host was called for in the run of a stack.
func called(dir, stack, host string) string {
	data, _ := os.ReadFile(filepath.Join(dir, stack, "calls"))
	var all []string
	for line := range strings.Lines(string(data)) {
		if call, is := strings.CutPrefix(strings.TrimSpace(line), host+" "); is {
			all = append(all, call)
		}
	}
	return strings.Join(all, "; ")
}

var waves = []object{
	{"title": "networks", "number": 1, "hosts": object{"one": object{"networks": []object{{"name": "n1"}, {"name": "n2"}}}, "two": object{"networks": []object{{"name": "n1"}}}}},
	{"title": "web", "number": 2, "hosts": object{"two": object{"images": []object{{"name": "web:1"}}, "services": []object{{"name": "shop-web-1"}, {"name": "shop-web-2"}}, "files": []object{
		{"path": "/secret", "mode": "0400", "owner": "root", "group": "root", "secret": "pw"}, {"path": "/config", "mode": "0444", "owner": "root", "group": "root", "content": "Y29uZmln"}}}}},
	{"title": "commit", "number": 3, "commit": true},
	{"title": "leave", "number": 4, "hosts": object{"one": object{"networks": []object{{"name": "n2", "state": "absent"}}}}},
}

// TestStack_run has the action plugin do runs, each of which gives the lock back where it may have it.
func TestStack_run(t *testing.T) {
	const first, back1 = "stack begin; stack wave 1; overlay n1; overlay n2", "stack wave; overlay n1"
	begun := object{"waves": waves, "secret": true}
	told := object{"secrets": object{"pw": "aHVudGVyMg=="}}
	diff := object{"diff": []object{{"before_header": "web", "after_header": "web", "before": "", "after": "APP=1\n"}}, "warnings": []string{"web is old"}}
	gone := []object{{"title": "web", "number": 1, "hosts": object{"gone": object{"networks": []object{{"name": "n1"}}}}}}
	back := object{"settle": "undone", "waves": []object{{"title": "back", "hosts": object{"one": object{"networks": []object{{"name": "n1", "state": "absent"}}}}}}, "notes": []string{"why", "a job ran"}}
	leave := object{"networks": []object{{"name": "n1", "state": "absent"}}}
	left := []string{"release 2 was not finished"}
	service := func(names ...string) object {
		var all []object
		for _, name := range names {
			all = append(all, object{"name": name})
		}
		return object{"services": all, "strict": []string{"shop-db-1"}}
	}
	tests := map[string]struct {
		answers  map[string]object
		one, two string // what they are called for
		fails    string
	}{
		"whole": {map[string]object{"begin": begun, "secrets": told, "rundock.two": diff, "rundock_host.two": diff},
			"stack begin; stack secrets; stack wave 1; overlay n1; overlay n2; stack wave 2; stack wave 3; stack commit; stack wave 4; overlay n2; stack done; stack end",
			"overlay n1; stack pull; host /secret=aHVudGVyMg== /config=Y29uZmln; shop-web-1 shop-web-2", ""},
		"nothing": {nil, "stack begin", "", ""},
		"stale":   {map[string]object{"begin": {"waves": []object{{"title": "stale", "hosts": object{"two": object{"stale": []string{"STALE"}}}}}}}, "stack begin; stack wave; stack done; stack end", "", ""},
		"locked":  {map[string]object{"begin": {"error": "ada works on it"}}, "stack begin", "", "ada works on it"},
		"settled": {map[string]object{"begin.1": {"settle": "undone", "waves": waves[:1], "notes": left}, "begin.2": {"waves": waves[:1]}},
			first + "; stack undone; " + first + "; stack done; stack end", "overlay n1; overlay n1", ""},
		"unsettled": {map[string]object{"begin": {"settle": "undone", "waves": waves[:1], "notes": left}, "rundock_overlay.two": {"error": "no room"}},
			first + "; stack end", "overlay n1", "release 2 was not finished; that cannot be settled: two: no room. Whoever works on unsettled next tries again"},
		"settled-then-not": {map[string]object{"begin.1": {"settle": "done", "waves": waves[:1]}, "begin.2": {"error": "no store"}}, first + "; stack done; stack begin", "overlay n1", "no store"},
		"broken": {map[string]object{"begin": {"waves": waves[:2], "secret": true}, "secrets": told, "rundock.two": {"error": "web is not healthy"}, "fail": back},
			"stack begin; stack secrets; stack wave 1; overlay n1; overlay n2; stack wave 2; stack fail two: web is not healthy; " + back1 + "; stack undone; stack end",
			"overlay n1; stack pull; host /secret=aHVudGVyMg== /config=Y29uZmln; shop-web-1 shop-web-2", "broken: two: web is not healthy; all is as before, release 3; but a job ran"},
		"storeless": {map[string]object{"begin": {"waves": waves[:2]}, "wave.2": {"error": "no store"}, "fail": {"error": "no store"}},
			first + "; stack wave 2; stack fail no store; stack end", "overlay n1", "no store; and it cannot be undone now: no store. Whoever works on storeless next undoes it, or finishes it"},
		"undoable": {map[string]object{"begin": {"waves": waves[:1]}, "rundock_overlay.one": {"error": "no room"}, "fail": back},
			"stack begin; stack wave 1; overlay n1; stack fail one: no room; " + back1 + "; stack end", "overlay n1", "undoable: one: no room; and not all is undone: one: no room. Whoever works on undoable next goes on with that"},
		"half-back": {map[string]object{"begin": {"waves": waves[:1]}, "rundock_overlay.one.1": {}, "rundock_overlay.one.2": {"error": "no room"}, "fail": {"settle": "undone", "waves": []object{
			{"title": "stop", "hosts": object{"gone": leave, "two": leave}}, {"title": "leave", "hosts": object{"gone": leave, "one": leave}}}}},
			first + "; stack fail one: no room; stack wave; stack wave; overlay n1; stack end", "overlay n1; overlay n1",
			"half-back: one: no room; and not all is undone: gone: it cannot be reached any more. Whoever works on half-back next goes on with that"},
		"never-two": {map[string]object{"begin": {"waves": waves[:1]}, "rundock_overlay.two.1": {"error": "no room"}, "fail": {"settle": "undone", "waves": []object{
			{"title": "undo standbys", "hosts": object{"gone": service("shop-db-1", "shop-api-1")}},
			{"title": "undo db", "hosts": object{"one": service("shop-api-1", "shop-db-1"), "two": object{"services": []object{{"name": "shop-web-1"}}}}},
			{"title": "undo networks", "hosts": object{"one": leave, "two": leave}},
			{"title": "files"}}}},
			first + "; stack fail two: no room; stack wave; stack wave; shop-api-1; stack wave; stack wave; stack end", "overlay n1; shop-web-1; overlay n1",
			"never-two: two: no room; and not all is undone: gone: it cannot be reached any more; one: shop-db-1 is left as it is, as it could run twice. Whoever works on never-two next goes on with that"},
		"committed": {map[string]object{"begin": {"waves": waves[3:]}, "rundock_overlay.one": {"error": "in use"}, "fail": {"notes": []string{"release 4 is current"}}},
			"stack begin; stack wave 4; overlay n2; stack fail one: in use; stack end", "", "committed: one: in use; release 4 is current"},
		"unreachable": {map[string]object{"begin": {"waves": gone}, "fail": {"notes": []string{"nothing was changed"}}},
			"stack begin; stack wave 1; stack fail gone: it cannot be reached any more; stack end", "", "unreachable: gone: it cannot be reached any more; nothing was changed"},
		"unforeseen": {map[string]object{"begin": {"waves": waves[:1]}, "rundock_overlay.two": {"diff": true}, "fail": back},
			first + "; stack fail two: TypeError: 'bool' object is not iterable; " + back1 + "; stack undone; stack end", "overlay n1",
			"unforeseen: two: TypeError: 'bool' object is not iterable; all is as before, release 3; but a job ran"},
		"locked-still": {map[string]object{"begin": begun, "secrets": {"error": "no key"}, "fail": {"error": "no store"}, "end": {"error": "no answer"}},
			"stack begin; stack secrets; stack fail no key; stack end", "", "Whoever works on locked-still next undoes it, or finishes it; and its lock is not given back: no answer"},
	}
	dir := aRun(t, slices.Sorted(maps.Keys(tests)))
	stale := filepath.Join(dir, "configs", "old")
	write(t, dir, "configs/old", "")
	kept := filepath.Join(dir, "configs-of-db", "old")
	write(t, dir, "configs-of-db/old", "")
	tests["never-two"].answers["fail"]["waves"].([]object)[3]["hosts"] = object{"one": object{"stale": []string{kept}}}
	for name, test := range tests {
		if name == "stale" {
			test.answers["begin"]["waves"].([]object)[0]["hosts"] = object{"two": object{"stale": []string{stale}}}
		}
		answers(t, dir, name, test.answers)
	}
	out, _ := play(t, dir, runArgs...)
	for name, test := range tests {
		for host, want := range map[string]string{"one": test.one, "two": test.two} {
			if got := called(dir, name, host); got != want {
				t.Errorf("%s: %s was called for\n%s\nwant\n%s", name, host, got, want)
			}
		}
		if says := "(item=" + name + ") => "; test.fails == "" && !strings.Contains(out, "changed: [one] => "+says[:len(says)-4]) || test.fails != "" && !strings.Contains(out, test.fails+`"`) {
			t.Errorf("%s: want that it fails with %q", name, test.fails)
		}
	}
	for text, times := range map[string]int{"whole: 2 of 4: web\n": 1, "release 2 was not finished: settling that\n": 2, "--- before: two: web\n": 1, "+APP=1\n": 1, "two: web is old\n": 1, "aHVudGVyMg": 0} {
		if got := strings.Count(out, text); got != times {
			t.Errorf("the run says %q %d times, want %d", text, got, times)
		}
	}
	if _, err := os.Stat(filepath.Dir(stale)); !os.IsNotExist(err) {
		t.Errorf("files that leave, and their folder, are there still: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("files of an instance that is left as it is are gone: %v", err)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// A run says that it goes on, also while nothing is to be said to the host that leads: else it would lose its lock.
func TestStack_run_says_that_it_goes_on(t *testing.T) {
	dir := aRun(t, []string{"shop"})
	answers(t, dir, "shop", map[string]object{"begin": {"waves": []object{{"title": "a", "number": 1, "watch": 5.5, "hosts": object{}}}}})
	out, err := play(t, dir, append(runArgs, "-e", "rundock_stack_patience=1")...)
	if got := called(dir, "shop", "one"); err != nil || !strings.HasPrefix(got, "stack begin; stack wave 1; stack wave; ") || !strings.HasSuffix(got, "stack end") {
		t.Errorf("%v, called: %s\n%s", err, got, out)
	}
}

// A playbook that was killed does nothing any more, also where its process for the task lives on: the next run
// would meet it.
func TestStack_run_ends_with_its_playbook(t *testing.T) {
	dir := aRun(t, []string{"shop"})
	write(t, dir, "shop/held", "")
	answers(t, dir, "shop", map[string]object{"begin": {"waves": waves[:2]}})
	cmd := exec.Command("ansible-playbook", append([]string{"-i", "inventory", "play.yml"}, runArgs...)...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Skipf("Ansible is not here: %v", err)
	}
	await.Equal(t, "a wave begins", "stack begin; stack wave 1", func() string { return called(dir, "shop", "one") })
	cmd.Process.Kill()
	cmd.Wait()
	os.Remove(filepath.Join(dir, "shop/held"))
	await.Empty(t, "no process of the run is left", func() string {
		folders, _ := filepath.Glob("/proc/[0-9]*/cwd")
		return strings.Join(slices.DeleteFunc(folders, func(link string) bool { at, _ := os.Readlink(link); return at != dir }), " ")
	})
	if got := called(dir, "shop", "one"); got != "stack begin; stack wave 1" {
		t.Errorf("after the playbook was killed, its run went on:\n%s", got)
	}
}
