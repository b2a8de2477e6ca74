package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"
)

// Stall is how long a pull may go without any progress: an image registry that is
// powered off must not keep a service from running the image that is here.
type Stall struct {
	Present, Absent time.Duration // with and without the image on this host
}

// DefaultStall are the limits of a pull.
var DefaultStall = Stall{Present: 20 * time.Second, Absent: 2 * time.Minute}

// Pulled is the outcome of Pull.
type Pulled struct {
	Image   string // id
	Warning string // the image is used although pulling it failed
}

// Pull makes the image named ref present as policy says: always (also ""),
// missing or never. A pull that fails while the image is present is a
// warning, not an error. One that is present by its digest cannot mean another
// image, and its image registry is not asked. Credentials are those of the docker command:
// config.json of the root user with its credential helpers. platform is the
// image's, "" the host's own.
func (c *Client) Pull(ctx context.Context, ref, platform, policy string) (Pulled, error) {
	here, err := c.image(ctx, ref)
	if err != nil {
		return Pulled{}, err
	}
	id := here.ID
	switch {
	case policy == "never" && id == "":
		return Pulled{}, fmt.Errorf("image %s is not on this host, and the pull policy is never", ref)
	case policy == "never", policy == "missing" && id != "", id != "" && byDigest(ref) && isOf(here, platform):
		return Pulled{Image: id}, nil
	}
	stall := DefaultStall.Absent
	if id != "" {
		stall = DefaultStall.Present
	}
	pullErr := explainPull(ref, c.pull(ctx, ref, platform, stall))
	if ctx.Err() != nil {
		return Pulled{}, context.Cause(ctx)
	}
	switch {
	case pullErr != nil && id == "":
		return Pulled{}, fmt.Errorf("pull image %s: %w", ref, pullErr)
	case pullErr != nil:
		return Pulled{Image: id, Warning: fmt.Sprintf("pull image %s: %v; using the one on this host", ref, pullErr)}, nil
	}
	if id, err = c.ImageID(ctx, ref); err == nil && id == "" {
		err = fmt.Errorf("image %s is not on this host although it was just pulled", ref)
	}
	return Pulled{Image: id}, err
}

func byDigest(ref string) bool {
	named, err := reference.ParseDockerRef(ref)
	return err == nil && digested(named)
}

func digested(named reference.Named) bool {
	_, is := named.(reference.Digested)
	return is
}

// isOf reports whether an image is that of platform: os/arch or os/arch/variant, "" the
// host's own.
func isOf(i image.InspectResponse, platform string) bool {
	own := i.Os + "/" + i.Architecture
	return platform == "" || platform == own || platform == own+"/"+i.Variant
}

// TagImage names the image with this id as well, so that it stays when its other
// names come to mean other images.
func (c *Client) TagImage(ctx context.Context, id, name string) error {
	if err := c.api().ImageTag(ctx, id, name); err != nil {
		return fmt.Errorf("keep image %s as %s: %w", id, name, err)
	}
	return nil
}

// UntagImage takes that name away, and the image with it if it has no other and
// no container runs it. A name that nothing has is no error.
func (c *Client) UntagImage(ctx context.Context, name string) error {
	_, err := c.api().ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove image name %s: %w", name, err)
	}
	return nil
}

// ImageID returns the id of the image that ref means on this host, "" where it
// means none. The image registry is not asked.
func (c *Client) ImageID(ctx context.Context, ref string) (string, error) {
	i, err := c.image(ctx, ref)
	return i.ID, err
}

// image is what ref means on this host; without ID where it means nothing.
func (c *Client) image(ctx context.Context, ref string) (none image.InspectResponse, err error) {
	i, err := c.api().ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	return i, nil
}

// Digest returns by what an image registry knows the image with this id:
// registry.example.com:5000/web@sha256:..., the first of several by name; the id where
// the image came from none.
func (c *Client) Digest(ctx context.Context, id string) (string, error) {
	r, err := c.api().ImageInspect(ctx, id)
	if err != nil {
		return "", fmt.Errorf("inspect image %s: %w", id, err)
	}
	return digest(id, r.RepoDigests), nil
}

// Resolve asks its image registry which image ref means now, and returns that by
// digest: registry.example.com:5000/web@sha256:... One that is by digest is returned
// without asking.
func (c *Client) Resolve(ctx context.Context, ref string) (string, error) {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return "", fmt.Errorf("%q is not an image name: %w", ref, err)
	}
	if digested(named) {
		return reference.FamiliarString(named), nil
	}
	auth, err := credentials(ref)
	if err != nil {
		return "", err
	}
	found, err := c.api().DistributionInspect(ctx, ref, auth)
	if err != nil {
		return "", fmt.Errorf("ask for image %s: %w", ref, err)
	}
	fixed, err := reference.WithDigest(reference.TrimNamed(named), found.Descriptor.Digest)
	if err != nil {
		return "", fmt.Errorf("digest of image %s: %w", ref, err)
	}
	return reference.FamiliarString(fixed), nil
}

func digest(id string, ofRegistries []string) string {
	if len(ofRegistries) == 0 {
		return id
	}
	return slices.Min(ofRegistries)
}

func (c *Client) pull(ctx context.Context, ref, platform string, stall time.Duration) error {
	auth, err := credentials(ref)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(fmt.Errorf("no progress for %s", stall)) })
	defer watchdog.Stop()
	err = c.readPull(ctx, ref, platform, auth, func() { watchdog.Reset(stall) })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *Client) readPull(ctx context.Context, ref, platform, auth string, progress func()) error {
	body, err := c.api().ImagePull(ctx, ref, image.PullOptions{RegistryAuth: auth, Platform: platform})
	if err != nil {
		return err
	}
	defer body.Close()
	dec := json.NewDecoder(body)
	for {
		var m jsonmessage.JSONMessage
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		progress()
	}
}

// credentials returns the encoded credentials of ref's registry, "" if there
// are none.
func credentials(ref string) (string, error) {
	host, err := registryOf(ref)
	if err != nil {
		return "", err
	}
	a, err := credentialsAt(host)
	if err != nil || a == (registry.AuthConfig{}) {
		return "", err
	}
	return registry.EncodeAuthConfig(a)
}

// registryOf is the image registry of ref.
func registryOf(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("%q is not an image name: %w", ref, err)
	}
	return reference.Domain(named), nil
}

// KnowsRegistry returns the image registry of ref, and whether this host has credentials there.
func KnowsRegistry(ref string) (name string, known bool, err error) {
	if name, err = registryOf(ref); err != nil {
		return "", false, err
	}
	a, err := credentialsAt(name)
	return name, a != (registry.AuthConfig{}), err
}

// credentialsAt are those that the host has for an image registry; the zero value where it has none.
func credentialsAt(host string) (none registry.AuthConfig, err error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		// runit starts services without HOME; rundockd runs as root.
		dir = filepath.Join("/root", ".docker")
	}
	file, err := config.Load(dir)
	if err != nil {
		return none, fmt.Errorf("registry credentials: %w", err)
	}
	if host == "docker.io" {
		host = "https://index.docker.io/v1/"
	}
	a, err := file.GetAuthConfig(host)
	if err != nil {
		return none, fmt.Errorf("registry credentials of %s: %w", host, err)
	}
	if a.Username == "" && a.IdentityToken == "" && a.RegistryToken == "" {
		return none, nil
	}
	return registry.AuthConfig{
		Username: a.Username, Password: a.Password, Auth: a.Auth,
		ServerAddress: a.ServerAddress, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	}, nil
}
