package mirror

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"rundock/internal/preview"
)

// Source is where a repository is, and by what it is read.
type Source struct {
	URL string // as preview.CheckURL allows

	// Paths of files, which never leave this host; "" is none.
	Credentials string // for https: lines of https://USER:TOKEN@HOST, as git credential-store has them
	Key         string // for ssh: a private key without a passphrase
	KnownHosts  string // for ssh: the hosts' keys; "" is known_hosts beside the mirrors, to which a host that is met first is added
	CA          string // for https: authorities' certificates, PEM; "" are the system's
}

// SourceOf is where a repository of the site is.
func SourceOf(r preview.Repo) Source {
	return Source{URL: r.URL, Credentials: r.Credentials, Key: r.Key, KnownHosts: r.KnownHosts, CA: r.CA}
}

// settings are git's, before those of a Source. They win over what a mirror has in its
// own config, and no other file is read.
var settings = []string{
	"protocol.allow=never", "protocol.https.allow=always", "protocol.http.allow=always", "protocol.ssh.allow=always",
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.askPass=",
	"credential.helper=", "submodule.recurse=false", "fetch.recurseSubmodules=false", "transfer.bundleURI=false", "gc.autoDetach=false",
	// Several addresses by one redirect after the other would lead past the check of the first.
	"http.followRedirects=initial",
	// A file up to that is held in memory, and 512 MiB are usual.
	"core.bigFileThreshold=8m",
}

// connectWithin bounds what ssh waits for a host, in seconds.
const connectWithin = "20"

// git is the command in a folder; s may be the zero Source where nothing is fetched.
func (f Folder) git(ctx context.Context, dir string, s Source, args ...string) *exec.Cmd {
	var given []string
	for _, setting := range settings {
		given = append(given, "-c", setting)
	}
	if s.Credentials != "" {
		// Asked for alone: git would remove a token from the file that is refused once.
		given = append(given, "-c", "credential.helper=!f() { test \"$1\" != get || git credential-store --file="+quote(s.Credentials)+" get; }; f")
	}
	if s.CA != "" {
		given = append(given, "-c", "http.sslCAInfo="+s.CA)
	}
	cmd := exec.CommandContext(ctx, "git", append(given, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0", "GIT_ATTR_NOSYSTEM=1", "GIT_SSH_COMMAND=" + f.ssh(s), "GIT_SSH_VARIANT=ssh", "GIT_NO_LAZY_FETCH=1",
	}
	// ssh and git's own helpers are children: all end together.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// ssh is the command line, for a shell, by which git reaches a host.
func (f Folder) ssh(s Source) string {
	known, strict := s.KnownHosts, "yes"
	if known == "" {
		known, strict = f.Path+"/known_hosts", "accept-new"
	}
	args := []string{
		"ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "ForwardAgent=no",
		"-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "ConnectTimeout=" + connectWithin, "-o", "ServerAliveInterval=" + connectWithin,
		"-o", "GlobalKnownHostsFile=/dev/null", "-o", "UserKnownHostsFile=\"" + known + "\"", "-o", "StrictHostKeyChecking=" + strict,
	}
	if s.Key != "" {
		args = append(args, "-i", s.Key)
	} else {
		args = append(args, "-o", "PubkeyAuthentication=no")
	}
	for i, a := range args {
		args[i] = quote(a)
	}
	return strings.Join(args, " ")
}

// quote is s as one word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// complaintAtMost is how much of what git says is kept, in bytes.
const complaintAtMost = 4096

// run runs a command of git's and returns what it prints, at most limit bytes.
func run(cmd *exec.Cmd, limit int64) ([]byte, error) {
	var out bytes.Buffer
	err := stream(cmd, func(r io.Reader) error {
		n, err := io.Copy(&out, io.LimitReader(r, limit+1))
		if err == nil && n > limit {
			err = fmt.Errorf("more than %d bytes", limit)
		}
		return err
	})
	return out.Bytes(), err
}

// stream runs a command and has read read what it prints; where that ends with an
// error, the command is killed.
func stream(cmd *exec.Cmd, read func(io.Reader) error) error {
	complaint := &tail{}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failed := read(out)
	if failed != nil {
		cmd.Cancel()
	}
	err = cmd.Wait()
	switch {
	case failed != nil:
		return failed
	case err != nil && complaint.String() != "":
		return fmt.Errorf("git: %s", complaint)
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - complaintAtMost; extra > 0 {
		t.kept = t.kept[extra:]
	}
	return len(p), nil
}

// String are its lines as one, without what is only shown on the way.
func (t *tail) String() string {
	var lines []string
	for line := range strings.Lines(string(t.kept)) {
		line = line[strings.LastIndexByte(strings.TrimRight(line, "\r\n"), '\r')+1:]
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "hint:") {
			lines = append(lines, line)
		}
	}
	return strings.ToValidUTF8(strings.Join(lines, "; "), "?")
}
