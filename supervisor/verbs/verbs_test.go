package verbs

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rundock/supervisor/report"
)

// shop is a program with a verb twice, one that takes a service, and texts that troff would misread.
func shop(ran *[]string) Program {
	run := func(args []string) int { *ran = args; return 7 }
	return Program{
		Name: "shop-keeper", About: "keeps a shop", Version: "1.2-3", More: "open says more.",
		Files: []string{"/etc/shop/  What it sells."},
		Verbs: []Verb{
			Of("open", "SERVICE [--to COLOUR]", "For people", "open a service\n.by its name", run),
			Of("list", "status | peers", "For people", "what there is", run),
			Of("list", "run NETWORK", "For scripts", `a \ in it`, run),
			Plain("stop", "DIR", "For scripts", "stop the one of DIR", run),
		},
	}
}

// said runs args and returns what is written to the one file and the other.
func said(t *testing.T, p Program, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	files := []**os.File{&os.Stdout, &os.Stderr}
	var texts []string
	for _, f := range files {
		was := *f
		defer func() { *f = was }()
		var err error
		if *f, err = os.Create(filepath.Join(t.TempDir(), "out")); err != nil {
			t.Fatal(err)
		}
	}
	code = p.Main(args)
	for _, f := range files {
		(*f).Seek(0, io.SeekStart)
		text, err := io.ReadAll(*f)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return code, texts[0], texts[1]
}

func TestMain_runs_what_is_asked_for(t *testing.T) {
	var ran []string
	p := shop(&ran)
	for _, c := range []struct {
		args   string
		code   int
		ran    string
		stdout string
		stderr string
	}{
		{args: "open a --now", code: 7, ran: "a --now"},
		{args: "help open", code: 7, ran: "--help"},
		{args: "help", stdout: "usage: shop-keeper COMMAND"},
		{args: "--help", stdout: "\nFor scripts:\n  list run NETWORK"},
		{args: "-h", stdout: "open says more."},
		{args: "version", stdout: "shop-keeper 1.2-3\n"},
		{args: "--version", stdout: "shop-keeper 1.2-3\n"},
		{args: "help stop", stdout: "usage: shop-keeper stop DIR\nstop the one of DIR.\n"},
		{args: "stop --help", stdout: "usage: shop-keeper stop DIR\n"},
		{args: "stop a", code: 7, ran: "a"},
		{args: "help completion", stdout: "usage: shop-keeper completion bash | zsh\n"},
		{args: "", code: report.ExitUsage, stderr: "usage: shop-keeper"},
		{args: "opne", code: report.ExitUsage, stderr: `shop-keeper: unknown command "opne"`},
		{args: "help opne", code: report.ExitUsage, stderr: `shop-keeper: unknown command "opne"`},
		{args: "completion fish", code: report.ExitUsage, stderr: "usage: shop-keeper completion bash | zsh"},
	} {
		ran = nil
		code, stdout, stderr := said(t, p, strings.Fields(c.args)...)
		if code != c.code || strings.Join(ran, " ") != c.ran || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) ||
			(stdout == "") != (c.stdout == "") || (stderr == "") != (c.stderr == "") {
			t.Errorf("%q: exit code %d, ran %q, stdout %q, stderr %q; want %+v", c.args, code, ran, stdout, stderr, c)
		}
	}
}

func TestOne_says_its_version_and_passes_on_the_rest(t *testing.T) {
	var ran []string
	run := func(args []string) int { ran = args; return 7 }
	if code := One("shop", "1", run, []string{"--version", "x"}); code != 7 || len(ran) != 2 {
		t.Errorf("exit code %d, ran %q; want 7 and both words", code, ran)
	}
	if code := One("shop", "1", run, []string{"--version"}); code != 0 {
		t.Errorf("--version: exit code %d, want 0", code)
	}
}

func TestCompletion_offers_what_fits_in_a_real_shell(t *testing.T) {
	var ran []string
	script := shop(&ran).bash()
	services := t.TempDir()
	script = strings.ReplaceAll(script, "/etc/sv", services)
	for _, name := range []string{"docker-influxdb", "docker-web.1", "sshd"} {
		if err := os.Mkdir(filepath.Join(services, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	offers := func(line string) []string {
		t.Helper()
		cmd := exec.Command("bash", "-c", script+"\nread -ra COMP_WORDS <<<\"$1\"; [ \"${1% }\" = \"$1\" ] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shop_keeper; printf '%s\\n' \"${COMPREPLY[@]}\"", "bash", line)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", line, err, out)
		}
		return strings.Fields(string(out))
	}
	for line, want := range map[string]string{
		"shop-keeper o":          "open",
		"shop-keeper ":           "open list stop help version completion man",
		"shop-keeper list ":      "status peers run --help",
		"shop-keeper open ":      "--to --help influxdb web.1",
		"shop-keeper open w":     "web.1",
		"shop-keeper help l":     "list",
		"shop-keeper nothing ":   "",
		"shop-keeper completion": "completion",
	} {
		if got := strings.Join(offers(line), " "); got != want {
			t.Errorf("%q offers %q, want %q", line, got, want)
		}
	}
	if err := os.RemoveAll(services); err != nil {
		t.Fatal(err)
	}
	if got := offers("shop-keeper open "); !slices.Equal(got, []string{"--to", "--help"}) {
		t.Errorf("without services %q is offered, want --to and --help", got)
	}
}

// Each line of the page is text, or begins with a macro that package man of troff has; no text begins as one.
func TestMan_page_is_one(t *testing.T) {
	var ran []string
	page := shop(&ran).page()
	macro := regexp.MustCompile(`^\.(TH|SH|SS|TP|PP|B|BR|I)( |$)`)
	for line := range strings.Lines(page) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !macro.MatchString(line) {
			t.Errorf("%q is no macro of a man page", line)
		}
	}
	for _, want := range []string{`.TH SHOP-KEEPER 8 "" "1.2\-3" rundock`, "shop-keeper \\- keeps a shop", ".B list run NETWORK\n", `a \e in it.`, ".I /etc/shop/\nWhat it sells."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
}
