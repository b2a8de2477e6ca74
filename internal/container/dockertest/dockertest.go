// Package dockertest runs a real dockerd and an image registry for tests: in
// namespaces of their own, so that neither the machine's Docker nor its packet filter is touched. Only tests
// import it.
package dockertest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
)

// Programs is where make puts Debian's Docker for tests.
const Programs = "/var/cache/rundock-lab/tools/docker"

// Registry is the image registry, by the name that the daemon knows it by. No other host sees it.
const Registry = "127.0.0.1:5000"

// script starts both in the network and mount namespace that it is in. dockerd has its process id.
const script = `
ip link set lo up
# Where the test is killed, its end of the pipe closes.
exec 3<&0
(cat <&3 >/dev/null; kill -CONT $$; kill -TERM $$) &
cat >"$dir/registry.yml" <<END
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: 127.0.0.1:5000}
END
docker-registry serve "$dir/registry.yml" &
exec dockerd -H "unix://$dir/docker.sock" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
	--bip 172.31.251.1/24 --storage-driver "$driver" --log-level warn
`

// Start starts them, has container.Open find the daemon, and kills all when the test
// ends, with every container. It skips the test where there is no Docker or no root. network is the file of
// the network namespace that they are in.
func Start(t *testing.T) (network string) {
	t.Helper()
	// With the first of its PID namespace all that is in it ends: containers too.
	kill := func(cmd *exec.Cmd) { cmd.Process.Kill() }
	return fmt.Sprintf("/proc/%d/ns/net", start(t, kill, "--pid", "--fork", "--kill-child", "--mount-proc").Process.Pid)
}

// StartHere is Start in the PID namespace of the test, which so has the processes of containers by the
// ids that the daemon names. hang has the daemon hang, as one does that accepts connections and never
// answers, until goOn; its containers go on.
func StartHere(t *testing.T) (hang, goOn func()) {
	t.Helper()
	var dockerd *os.Process
	stop := func(cmd *exec.Cmd) {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(syscall.SIGTERM) // it stops its containers
		late := time.AfterFunc(await.Deadline, func() { cmd.Process.Kill() })
		cmd.Wait()
		late.Stop()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the image registry
	}
	dockerd = start(t, stop).Process
	return func() { dockerd.Signal(syscall.SIGSTOP) }, func() { dockerd.Signal(syscall.SIGCONT) }
}

// start starts both in namespaces that unshare makes by more. stop ends them.
func start(t *testing.T, stop func(*exec.Cmd), more ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat(Programs + "/dockerd"); err != nil {
		t.Skipf("no Docker to test with (make test fetches it): %v", err)
	}
	if os.Getuid() != 0 {
		t.Skip("dockerd needs root")
	}
	// A socket's path is short.
	dir, err := os.MkdirTemp("", "dockertest")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", append(append([]string{"--mount", "--net"}, more...), "--propagation", "private", "sh", "-ec", script)...)
	cmd.Env = append(os.Environ(), "PATH="+Programs+":"+os.Getenv("PATH"), "dir="+dir, "driver="+driver(dir))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop(cmd)
		alive.Close()
		cmd.Wait()
		log.Close()
		if said, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("dockerd says: %s", said)
		}
		await.Nil(t, "remove "+dir, func() error { return os.RemoveAll(dir) })
	})
	t.Setenv("DOCKER_HOST", "unix://"+dir+"/docker.sock")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", dir+"/docker.sock") }}}
	await.Nil(t, "dockerd", func() error {
		answer, err := client.Get("http://docker/_ping")
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", answer.Status)
		}
		return nil
	})
	return cmd
}

// driver is overlay2, or vfs where dir is on an overlay itself, which cannot carry another.
func driver(dir string) string {
	var s syscall.Statfs_t
	const overlay = 0x794c7630
	if syscall.Statfs(dir, &s) == nil && s.Type == overlay {
		return "vfs"
	}
	return "overlay2"
}
