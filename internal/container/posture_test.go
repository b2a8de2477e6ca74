package container

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"

	"rundock/internal/container/dockertest"
)

// box imports an image that has busybox and nothing else.
func box(ctx context.Context, t *testing.T, c *Client) {
	t.Helper()
	program, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		t.Skipf("no busybox to make an image of: %v", err)
	}
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	if err := w.WriteHeader(&tar.Header{Name: "busybox", Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	w.Write(program)
	w.Close()
	said, err := c.api().ImageImport(ctx, image.ImportSource{Source: &files, SourceName: "-"}, "box:1", image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	said.Close()
}

func TestPostures_are_as_containers_were_made(t *testing.T) {
	dockertest.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c, err := Open()
	if err == nil {
		err = c.Ping(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	box(ctx, t, c)
	run := func(name string, labels map[string]string, user string, host *container.HostConfig) {
		t.Helper()
		made, err := c.api().ContainerCreate(ctx, &container.Config{Image: "box:1", Cmd: []string{"/busybox", "sleep", "1000"}, Labels: labels, User: user}, host, nil, nil, name)
		if err == nil {
			err = c.Start(ctx, made.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	limit := int64(20)
	run("kept", map[string]string{LabelService: "web"}, "33", &container.HostConfig{
		ReadonlyRootfs: true, SecurityOpt: []string{"no-new-privileges"}, NetworkMode: "none", LogConfig: container.LogConfig{Type: "local", Config: map[string]string{"max-size": "1m"}},
		Resources: container.Resources{Memory: 64 << 20, PidsLimit: &limit, CPUShares: 512},
	})
	run("loose", nil, "", &container.HostConfig{
		PidMode: "host", IpcMode: "host", UTSMode: "host", NetworkMode: "host", CapAdd: []string{"net_admin"}, Binds: []string{"/etc:/host"}, RestartPolicy: container.RestartPolicy{Name: "always"},
	})
	all, err := c.Postures(ctx)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	kept, loose := all[0], all[1]
	if kept.Name != "kept" || kept.Service != "web" || kept.Memory != 64<<20 || kept.Processes != 20 || !kept.CPULimited || !kept.ReadOnly || kept.User != "33" || len(kept.Security) != 1 ||
		kept.Privileged || kept.HostPID || kept.HostNetwork || kept.DefaultBridge || kept.LogDriver != "local" || kept.LogOptions["max-size"] != "1m" {
		t.Errorf("kept is seen as %+v", kept)
	}
	if loose.Privileged || !loose.HostPID || !loose.HostIPC || !loose.HostUTS || !loose.HostNetwork || loose.DefaultBridge || len(loose.CapAdd) != 1 || loose.CapAdd[0] != "NET_ADMIN" || loose.Restart != "always" ||
		loose.Memory != 0 || loose.Processes != 0 || loose.ReadOnly || len(loose.Mounts) != 1 || loose.Mounts[0].Source != "/etc" || !loose.Mounts[0].Writable {
		t.Errorf("loose is seen as %+v", loose)
	}
	d, err := c.DaemonPosture(ctx)
	if err != nil || d.Version == "" || d.Root == "" || d.Swarm || d.Separate || len(d.Insecure) > 0 {
		t.Errorf("the daemon is seen as %+v, %v", d, err)
	}

	// One that goes while others are looked at is left out.
	gone := make(chan error)
	go func() { gone <- c.Remove(ctx, kept.ID) }()
	for looking := true; looking; {
		select {
		case err := <-gone:
			if looking = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		if all, err = c.Postures(ctx); err != nil {
			t.Fatalf("while a container goes: %v", err)
		}
	}
	if len(all) != 1 || all[0].Name != "loose" {
		t.Errorf("at last there are %+v, want loose", all)
	}
}
