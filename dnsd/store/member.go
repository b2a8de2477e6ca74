package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/registry/etcd"
)

// Why a member without data does not start.
var (
	errNoCluster = errors.New("cluster that has a place for it")
	errNoPlace   = errors.New("place in the cluster: site.yml gives it one, by dnsd cluster align")
)

// Begin has the store in dir, which has no data, begin a cluster, of which it is
// the first member, and says whether it had to.
func Begin(dir string) (bool, error) {
	if err := (Config{Dir: dir}).checkDir(); err != nil {
		return false, err
	}
	if hasData(dir) {
		return false, nil
	}
	if err := fstree.Replace(filepath.Join(dir, "begin"), 0o600, []byte(rand.Text()+"\n")); err != nil {
		return false, fmt.Errorf("store folder %s: %w", dir, err)
	}
	return true, nil
}

// hasBegun forgets that the store was told to begin a cluster, as it has: data
// that are removed later must not make it begin another one.
func hasBegun(dir string) error {
	err := os.Remove(filepath.Join(dir, "begin"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func hasData(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "data", "member"))
	return err == nil
}

// origin is what a store without data is made of: the arguments of its process
// for that, none where it has data or is to stay alone.
func (c Config) origin(ctx context.Context) ([]string, error) {
	if len(c.Peers) == 0 || hasData(c.Dir) {
		return nil, nil
	}
	token, err := os.ReadFile(filepath.Join(c.Dir, "begin"))
	if err == nil {
		return []string{"--begin", strings.TrimSpace(string(token))}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store folder %s: %w", c.Dir, err)
	}
	id, members, err := c.cluster(ctx)
	if err != nil {
		return nil, fmt.Errorf("store %s has no data and waits for a %w: %v", c.Dir, errNoCluster, err)
	}
	all, own := place(members, c.Name, c.Peers)
	if own == 0 {
		return nil, fmt.Errorf("store %s has no data and waits for a %w", c.Dir, errNoPlace)
	}
	// Before the data, so that those of a member removed at once are known for that.
	if err := writeMember(c.Dir, id, own); err != nil {
		return nil, fmt.Errorf("store folder %s: %w", c.Dir, err)
	}
	return []string{"--join", all}, nil
}

// place returns the cluster with the member that is to be started at one of the URLs
// peers under name, as etcd wants to have it, and that member's id; 0 where there is none.
func place(members []etcd.Member, name string, peers []string) (cluster string, id uint64) {
	var all []string
	for _, m := range members {
		if m.Name == "" && slices.ContainsFunc(m.Peers, func(url string) bool { return slices.Contains(peers, url) }) {
			m.Name, id = name, m.ID
		}
		for _, url := range m.Peers {
			all = append(all, m.Name+"="+url)
		}
	}
	return strings.Join(all, ","), id
}

// cluster asks the members named by the settings who belongs to the cluster.
func (c Config) cluster(ctx context.Context) (id uint64, members []etcd.Member, err error) {
	if len(c.Cluster.Endpoints) == 0 {
		return 0, nil, errors.New("no endpoint of it is known, by host.json or --etcd")
	}
	client, err := etcd.OpenCluster(c.Cluster)
	if err != nil {
		return 0, nil, err
	}
	defer client.Close()
	return client.Members(ctx)
}

// writeMember notes which member of which cluster the data are.
func writeMember(dir string, cluster, member uint64) error {
	return fstree.Replace(filepath.Join(dir, "member"), 0o600, fmt.Appendf(nil, "%x %x\n", cluster, member))
}
