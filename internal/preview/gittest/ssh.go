package gittest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// SSH serves the repository over ssh to whoever has the key, by git-upload-pack. It
// returns its address, and the paths of the key and of the host's keys as known_hosts has them.
func (r *Repository) SSH() (url, key, known string) {
	r.t.Helper()
	_, host, err := ed25519.GenerateKey(rand.Reader)
	r.check(err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	r.check(err)
	allowed, err := ssh.NewPublicKey(public)
	r.check(err)
	signer, err := ssh.NewSignerFromKey(host)
	r.check(err)
	block, err := ssh.MarshalPrivateKey(private, "")
	r.check(err)
	dir := r.t.TempDir()
	key, known = filepath.Join(dir, "key"), filepath.Join(dir, "known hosts")
	r.check(os.WriteFile(key, pem.EncodeToMemory(block), 0o600))

	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if string(k.Marshal()) != string(allowed.Marshal()) {
			return nil, errors.New("another key")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.check(err)
	r.t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	line := "[127.0.0.1]:" + port + " " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	r.check(os.WriteFile(known, []byte(line), 0o600))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn, config)
		}
	}()
	return "ssh://git@127.0.0.1:" + port + r.Dir, key, known
}

func (r *Repository) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *Repository) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			offered.Reject(ssh.UnknownChannelType, "")
			continue
		}
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for q := range asked {
			var command struct{ Line string }
			ok := q.Type == "exec" && ssh.Unmarshal(q.Payload, &command) == nil && strings.HasPrefix(command.Line, "git-upload-pack ")
			q.Reply(ok || q.Type == "env", nil)
			if ok {
				cmd := exec.Command("git-upload-pack", r.Dir)
				cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
				cmd.Stdin, cmd.Stdout, cmd.Stderr = channel, channel, channel.Stderr()
				status := struct{ Code uint32 }{}
				if cmd.Run() != nil {
					status.Code = 1
				}
				channel.SendRequest("exit-status", false, ssh.Marshal(status))
				channel.Close()
			}
		}
	}
}
