//go:build browser

package previewweb

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/supervisor/previewweb/access"
)

// auditScript says what of a page is wrong: contrast, names of fields, ids, width.
//
//go:embed testdata/audit.js
var auditScript string

// tab is one of a real browser that shows the page of a rig, as who may do everything.
type tab struct {
	*rig
	ctx   context.Context
	shots string // folder of screenshots
	begun bool   // the browser was started, which is for as long as its context lives

	mu       sync.Mutex
	troubles []string // errors of scripts, of policies, of requests
}

// screenshots is a folder below bin/, in the checkout.
const screenshots = "../../bin/browser"

func openTab(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium: make test-browser installs it")
	}
	w := &tab{rig: newRig(t), shots: screenshots}
	if err := os.MkdirAll(w.shots, 0o755); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true))
	options = append(options, chromedp.WSURLReadTimeout(3*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	w.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	w.run("start", chromedp.EmulateViewport(1200, 900))
	go w.hear()
	headers := network.Headers{"Authorization": "Bearer " + w.tokens[access.Admin]}
	if _, err := chromedp.Call(w.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(w.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers}); err != nil {
		t.Fatal(err)
	}
	return w
}

// hear notes what goes wrong in the browser: errors of scripts, of the policy, of requests.
func (w *tab) hear() {
	for m, err := range chromedp.Console(w.ctx) {
		if err != nil {
			return
		}
		if m.Type == chromedp.ConsoleError || m.IsException() {
			w.mu.Lock()
			w.troubles = append(w.troubles, m.String())
			w.mu.Unlock()
		}
	}
}

// patience is for one step of the browser, which is slow to start on a busy machine.
const patience = 3 * time.Minute

func (w *tab) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.Helper()
	for _, step := range steps {
		ask(w, what, step)
	}
}

// ask has the browser do something, and returns what comes of it.
func ask[T any](w *tab, what string, do chromedp.Action[T]) T {
	w.Helper()
	ctx := w.ctx
	if w.begun {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(w.ctx, patience)
		defer cancel()
	}
	w.begun = true
	value, err := chromedp.Run(ctx, do)
	if err != nil {
		text, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		w.Fatalf("%s: %v; the page says: %s", what, err, text)
	}
	return value
}

// sees waits until the part of the page at selector has text, also on the page that is loaded meanwhile.
func (w *tab) sees(selector, text string) {
	w.Helper()
	script := fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, selector, text)
	await.True(w, fmt.Sprintf("%q in %s", text, selector), func() bool {
		there, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](script))
		return err == nil && there
	})
}

// press clicks on what is at selector.
func (w *tab) press(selector string) {
	w.Helper()
	w.run("press "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// audit takes a picture of the page, and looks at it in both colour schemes and as wide as a phone.
func (w *tab) audit(name string) {
	w.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 1200} {
			_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			if err != nil {
				w.Fatal(err)
			}
			w.run("look at "+name, chromedp.EmulateViewport(width, 900))
			wrong := ask(w, "audit "+name, chromedp.Evaluate[[]string](auditScript))
			picture := ask(w, "picture of "+name, chromedp.FullScreenshot(100))
			for _, text := range wrong {
				w.Errorf("%s, %s, %d wide: %s", name, scheme, width, text)
			}
			file := filepath.Join(w.shots, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				w.Fatal(err)
			}
		}
	}
	w.links(name)
}

// links follows all links of the page that are not to previews.
func (w *tab) links(name string) {
	w.Helper()
	all := ask(w, "links of "+name, chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href], link[href], script[src]")].map(e => e.href || e.src)`))
	slices.Sort(all)
	for _, link := range slices.Compact(all) {
		path, ours := strings.CutPrefix(link, w.url)
		if !ours {
			if !strings.Contains(link, "."+domain) {
				w.Errorf("%s links to %s", name, link)
			}
			continue
		}
		path, _, _ = strings.Cut(path, "#")
		if res, _ := w.send(w.request(access.Read, "GET", path, "")); res.StatusCode != 200 {
			w.Errorf("%s links to %s, which is %s", name, path, res.Status)
		}
	}
}

func TestBrowser_leads_a_preview_through_its_life(t *testing.T) {
	w := openTab(t)
	w.fillSite()
	w.run("open", chromedp.Navigate(w.url+"/"))
	w.sees("h1", "Previews")
	w.audit("1-empty")
	w.press(`main a[href="/repos/shop"]`)
	w.sees(".branch", "feature/Foo_bar")
	w.audit("2-branches")
	w.press(`button[aria-label="Create a preview of feature/Foo_bar"]`)
	w.sees("h1", "Preview feature-foo-bar")
	w.sees("#preview .state", "queued")

	// What a builder writes is shown without a load of the page.
	const name = "feature-foo-bar"
	begun := time.Now().UTC()
	w.put(preview.State{Name: name, Step: preview.Building, Commit: w.wish(name).Commit, Since: begun})
	w.writeLog(name, begun, 1, "Step 1/2 : FROM scratch", "<script>document.title = 'stolen'</script>", "\x1b[32mgreen\x1b[0m")
	w.sees("#log", "green")
	w.sees("#preview .state", "building")
	w.audit("3-building")
	w.writeLog(name, begun, 4, "Step 2/2 : COPY app /", "done")
	w.sees("#log", "done")
	lines, title := ask(w, "read the log", chromedp.TextContent(chromedp.CSS("#log"))), ask(w, "read the title", chromedp.Title())
	want := "Step 1/2 : FROM scratch\n<script>document.title = 'stolen'</script>\ngreen\nStep 2/2 : COPY app /\ndone"
	if strings.TrimSpace(lines) != want || title != "Preview feature-foo-bar · rundock" {
		t.Errorf("the log is %q, want %q; the title is %q", lines, want, title)
	}
	w.put(preview.State{Name: name, Step: preview.Ready, Commit: w.wish(name).Commit, Since: time.Now(), Routes: map[string][]string{"": {"10.42.1.9:80"}, "api": {"10.42.1.9:81"}}})
	w.sees("#preview .state", "ready")
	w.sees("#preview dd", "node-back-1")
	w.audit("4-ready")

	w.run("fill the form of settings", chromedp.SendKeys(chromedp.CSS("#variable"), "TOKEN"), chromedp.SendKeys(chromedp.CSS("#value"), "swordfish"))
	w.press(`.fields button[value="set"]`)
	w.sees(".variables code", "TOKEN")
	if strings.Contains(ask(w, "read the page", chromedp.OuterHTML(chromedp.CSS("html"))), "swordfish") {
		t.Error("the value is on the page")
	}
	w.audit("5-settings-of-a-preview")
	w.press(`form[action$="/deploy"] button`)
	w.sees(".done", "newest commit")
	w.press(`form[action$="/stop"] button`)
	w.sees("#preview .note", "stopped")
	w.put(preview.State{Name: name, Step: preview.Failed, Commit: w.wish(name).Commit, Since: time.Now(), Reason: "step 2 of the Dockerfile: exit code 1"})
	w.sees("#preview .reason", "exit code 1")
	w.audit("6-failed")
	w.press("summary")
	w.press(`form[action$="/remove"] button`)
	w.sees("#preview .note", "being removed")
	for path, file := range map[string]string{"/": "7-previews", "/events": "8-events", "/settings": "9-settings", "/site": "10-site"} {
		w.run("open "+path, chromedp.Navigate(w.url+path))
		w.sees("h1", "")
		w.audit(file)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.troubles) > 0 {
		t.Errorf("the browser says %q", w.troubles)
	}
}

func TestBrowser_goes_by_keyboard_and_without_scripts(t *testing.T) {
	w := openTab(t)
	w.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	w.run("press Tab", chromedp.Navigate(w.url+"/previews/main"), chromedp.KeyEvent("\t"))
	if focus := ask(w, "focus", chromedp.Evaluate[string](`document.activeElement.className`)); focus != "skip" {
		t.Errorf("the first Tab leads to %q, want the link that skips to the content", focus)
	}
	w.run("go on by the keyboard", chromedp.KeyEvent("\r"), chromedp.KeyEvent("\t"))
	if focus := ask(w, "focus", chromedp.Evaluate[string](`document.activeElement.closest("main") ? "main" : document.activeElement.tagName`)); focus != "main" {
		t.Errorf("after it the next Tab leads to %q, want into the content", focus)
	}
	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	w.run("load without scripts", chromedp.Navigate(w.url+"/previews/main"))
	w.press(`form[action$="/pin"] button`)
	await.True(t, "the preview is pinned", func() bool { return w.wish("main").Pinned })
}

func TestBrowser_sends_nothing_that_a_preview_s_page_posts(t *testing.T) {
	w := openTab(t)
	w.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	preview := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(rw, `<form id="f" method="post" action="%s/previews/main/stop"></form><script>document.getElementById("f").submit()</script>`, w.url)
	}))
	defer preview.Close()
	w.run("open a preview's page", chromedp.Navigate(preview.URL))
	w.sees("body", "another origin")
	if got := w.wish("main").Want; got != "running" {
		t.Errorf("the preview is to be %s", got)
	}
}
