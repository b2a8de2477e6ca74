// Package moduletest tests modules as Ansible calls them: on hosts that are a
// mount and process namespace (host.go), by calls of the program (call.go), what
// it links and weighs (budget.go), and that its documentation is true (docs.go).
// Only tests import it.
package moduletest

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rundock/internal/hostconfig"
)

// Main is a TestMain. As root, each test runs in a process of its own, in
// mount and process namespaces whose /etc, /run, /usr/local/bin and /var are
// copies: the module and runit work at their real paths, and nothing of it
// stays. As they mostly wait for runit, several run at the same time. further
// are flags of unshare(1).
func Main(m *testing.M, further ...string) {
	flag.Parse()
	if dir := os.Getenv(scratchDir); dir != "" {
		if err := enter(dir); err != nil {
			WhyNoHost = err.Error()
		} else {
			InHost = true
		}
		os.Exit(m.Run())
	}
	if os.Geteuid() != 0 || setting("list") != "" {
		os.Exit(m.Run())
	}
	ok, err := eachOnItsHost(further)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		fmt.Println("FAIL")
		os.Exit(1)
	}
	fmt.Println("PASS")
}

// Programs are the packages of the programs that the module's tests run.
var Programs = []string{"./testdata/standin"}

// What a test's process finds in its environment: the folder for its copies,
// and that of the programs compiled for all.
const (
	scratchDir  = "RUNDOCK_TEST_SCRATCH"
	programsDir = "RUNDOCK_TEST_PROGRAMS"
)

// InHost says that this process is in namespaces of its own; otherwise
// WhyNoHost says why not.
var (
	InHost    bool
	WhyNoHost = "only root can make one"
)

// Program is the module, or one of Programs, by the name of its folder; compiled
// as modules are shipped.
func Program(name string) string { return filepath.Join(os.Getenv(programsDir), name) }

// Written is the folder of what this process wrote to a folder of the
// machine, /etc or /var, over which its own lies.
func Written(dir string) string { return filepath.Join(os.Getenv(scratchDir), dir, "upper") }

// hosts is how many tests run at the same time.
const hosts = 8

// eachOnItsHost runs the tests that the flags choose, and prints what go test
// would. The error is what kept them from being run.
func eachOnItsHost(further []string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "rundock-test-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if err := compile(dir+"/", runtime.GOARCH, append([]string{"."}, Programs...)...); err != nil {
		return false, err
	}
	pattern, below, _ := strings.Cut(setting("run"), "/")
	if below != "" {
		below = "/" + below
	}
	list, err := exec.Command(os.Args[0], "-test.list="+cmp.Or(pattern, ".")).Output()
	if err != nil {
		return false, fmt.Errorf("list the tests: %w", err)
	}
	names := make(chan string)
	go func() {
		defer close(names)
		for _, name := range strings.Fields(string(list)) {
			names <- name
		}
	}()
	ok = true
	var all sync.WaitGroup
	var printing sync.Mutex
	for i := range hosts {
		all.Go(func() {
			scratch := filepath.Join(dir, fmt.Sprint("host-", i))
			for name := range names {
				out, err := onItsHost(further, dir, scratch, "^"+name+"$"+below)
				printing.Lock()
				fmt.Print(out)
				if err != nil {
					fmt.Printf("%s: %v\n", name, err)
					ok = false
				}
				printing.Unlock()
			}
		})
	}
	all.Wait()
	return ok, nil
}

// onItsHost runs the tests of pattern in one process and returns what they
// printed, without the verdict on all of them.
func onItsHost(further []string, programs, scratch, pattern string) (string, error) {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return "", err
	}
	args := append([]string{"--mount", "--pid", "--fork", "--kill-child", "--mount-proc"}, further...)
	args = append(args, os.Args...)
	cmd := exec.Command("unshare", append(args, "-test.run="+pattern, "-test.testlogfile=")...)
	cmd.Env = append(os.Environ(), scratchDir+"="+scratch, programsDir+"="+programs)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	text := string(out)
	for _, verdict := range []string{"PASS\n", "FAIL\n", "\x16"} { // the last is test2json's
		text = strings.TrimSuffix(text, verdict)
	}
	return text, err
}

// setting is a flag of go test.
func setting(name string) string { return flag.Lookup("test." + name).Value.String() }

func enter(scratch string) error {
	if err := syscall.Mount("tmpfs", scratch, "tmpfs", 0, ""); err != nil {
		return err
	}
	for _, d := range []string{"/etc", "/var"} {
		upper, work := filepath.Join(scratch, d, "upper"), filepath.Join(scratch, d, "work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", d, upper, work)
		if err := syscall.Mount("overlay", d, "overlay", 0, options); err != nil {
			return fmt.Errorf("overlay on %s: %w", d, err)
		}
	}
	for _, d := range []string{"/run", "/usr/local/bin", "/var/log"} {
		if err := syscall.Mount("tmpfs", d, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("tmpfs on %s: %w", d, err)
		}
	}
	// What the machine itself has of rundock is not the host's.
	for _, d := range []string{"/etc/rundock", hostconfig.StateDir, "/var/lib/dnsd", "/var/cache/rundock"} {
		if err := os.RemoveAll(d); err != nil {
			return err
		}
	}
	return nil
}
