package previewwork

import (
	"strings"
	"syscall"
	"time"

	"rundock/internal/preview"
)

func (r *rig) storeAwayForAWhile() {
	commit := r.push("feature/Foo", "eight", nil)
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.so("it is being deployed", func() bool { return r.state("feature-foo").Step == preview.Deploying })
	r.signal(r.etcd, syscall.SIGSTOP)
	time.Sleep(25 * time.Second) // longer than a claim lasts
	if text, code := r.get("feature-foo", "/"); code != 200 {
		r.Errorf("without the store: %d %.200s", code, text)
	}
	r.signal(r.etcd, syscall.SIGCONT)
	r.settlesOn("feature-foo", "eight")
}

func (r *rig) signal(p *program, s syscall.Signal) {
	r.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		r.Fatal(err)
	}
}

// settlesOn waits until a preview is ready and answers with text.
func (r *rig) settlesOn(name, text string) {
	r.Helper()
	r.stillServes(name, text)
	r.becomes(name, preview.Ready)
}

func (r *rig) expires() {
	r.ask("elmtree", r.push("elmtree", "elmtree", nil))
	r.ask("firtree", r.push("firtree", "firtree", nil))
	r.serves("elmtree", "/", "elmtree")
	r.serves("firtree", "/", "firtree")
	r.becomes("elmtree", preview.Ready)
	r.becomes("firtree", preview.Ready)
	for _, name := range []string{"elmtree", "firtree"} {
		r.change(name, func(w preview.Wish) preview.Wish {
			w.Pinned, w.Asked = name == "firtree", time.Now().AddDate(0, 0, -8).UTC()
			return w
		})
	}
	r.goes("elmtree")
	r.serves("firtree", "/", "firtree")
}

// longBranch has 90 characters.
var longBranch = strings.Repeat("oaktree-7/", 9)[:89] + "x"

func (r *rig) polls() {
	r.push("firtree", "pushed", nil)
	r.settlesOn("firtree", "pushed")
	r.deleteBranch("firtree")
	r.goes("firtree")
	// A wish whose commit nobody knows yet, of a branch with as long a name as previews have.
	r.push(longBranch, "found", nil)
	w := r.ask(longBranch, "")
	if len(w.Name) < 40 {
		r.Errorf("the preview is called %s", w.Name)
	}
	r.settlesOn(w.Name, "found")
	r.change(w.Name, func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes(w.Name)
}

func (r *rig) dockerAway() {
	commit := r.push("feature/Foo", "nine", nil)
	r.dockerd.kill(syscall.SIGTERM)
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.so("it says why", func() bool { s := r.state("feature-foo"); return s.Step == preview.Failed && s.Reason != "" })
	r.startDocker()
	r.settlesOn("feature-foo", "nine")
}
