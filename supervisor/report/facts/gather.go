package facts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
	overlay "rundock/supervisor/report/network"
	standing "rundock/supervisor/report/service"
	"rundock/supervisor/servicecontainer"
)

// Parts of the document that cost something.
const (
	partPrograms = "programs"
	partServices = "services"
	partNetworks = "networks"
	partImages   = "images"
)

var parts = []string{partPrograms, partServices, partNetworks, partImages}

// gather finds out about this host; of what parts names, that alone. What cannot be found out is
// in Unknown. release is that of this rundockd.
func gather(ctx context.Context, release string, wanted []string) document {
	d := document{
		Version: report.Version, Time: time.Now().UTC(), Unknown: []string{}, Groups: []string{}, Labels: map[string]string{},
		Programs: []program{}, Services: []service{}, Networks: []network{}, Images: []image{}, Volumes: []string{},
	}
	host := d.identify()
	d.machineOf()
	docker, images, root := d.askDocker(ctx, slices.Contains(wanted, partImages) || slices.Contains(wanted, partServices), slices.Contains(wanted, partServices))
	var err error
	d.Capacity.Disks, err = disks("/", root, hostconfig.StateDir, "/var/log")
	d.unknown("a disk", err)
	if slices.Contains(wanted, partPrograms) {
		d.Programs = programs(ctx, release, docker)
	}
	if slices.Contains(wanted, partServices) {
		d.services(ctx, host, images)
	}
	if slices.Contains(wanted, partNetworks) {
		d.networks()
	}
	if slices.Contains(wanted, partImages) {
		for _, i := range images {
			d.Images = append(d.Images, image{i.ID, list(i.Names), list(i.Digests), i.Size})
		}
	}
	slices.Sort(d.Unknown)
	d.Unknown = slices.Compact(d.Unknown)
	return d
}

// unknown notes why something could not be found out; nothing for nil.
func (d *document) unknown(what string, err error) {
	if err != nil {
		d.Unknown = append(d.Unknown, report.OneLine(fmt.Sprintf("%s: %v", what, err)))
	}
}

// identify fills in who the host is.
func (d *document) identify() hostconfig.Config {
	host, err := hostconfig.Load(hostconfig.Path)
	d.unknown("host.json", err)
	if err == nil {
		d.Host, d.Zone = host.Host, host.Zone()
		if a, err := host.PrivateAddress(); err == nil {
			d.Private = a.String()
		} else {
			d.unknown("the private address", err)
		}
		// A host may be without one, and then announces nothing there.
		if a, err := host.PublicAddress(); err == nil {
			d.Public = a.String()
		}
	}
	d.Machine, err = hostconfig.MachineID()
	d.unknown("the machine's id", err)
	inventory, err := hostconfig.LoadInventory(hostconfig.InventoryPath)
	d.unknown("the inventory", err)
	d.Inventory, d.Groups = inventory.Name, list(inventory.Groups)
	if inventory.Labels != nil {
		d.Labels = inventory.Labels
	}
	key, err := os.ReadFile(hostconfig.StackKeyPath)
	if !errors.Is(err, fs.ErrNotExist) {
		d.unknown("the key of stacks' secrets", err)
	}
	if err == nil {
		d.StackKey = hostconfig.StackKeyName(key)
	}
	if drain, drained := control.ReadDrain(hostconfig.StateDir); drained {
		d.Drained = &drain
	}
	return host
}

// askDocker asks dockerd for its release, its folder and, if wanted, its images, and its
// volumes and networks.
func (d *document) askDocker(ctx context.Context, wanted, others bool) (release string, images []container.Image, root string) {
	const usual = "/var/lib/docker"
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		err = docker.Ping(ctx)
	}
	var says container.Daemon
	if err == nil {
		says, err = docker.Daemon(ctx)
	}
	if err == nil && wanted {
		images, err = docker.Images(ctx)
	}
	if err == nil && others {
		var names []string
		names, err = docker.Volumes(ctx)
		d.Volumes = list(names)
	}
	if err == nil && others {
		d.DockerNetworks, err = docker.Networks(ctx)
	}
	d.unknown("Docker", err)
	if says.Root == "" {
		says.Root = usual
	}
	return says.Version, images, says.Root
}

// services fills in the services and what they reserve.
func (d *document) services(ctx context.Context, host hostconfig.Config, images []container.Image) {
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	d.unknown("runit", err)
	all, unknown := standing.Standings(ctx)
	for _, text := range unknown {
		d.unknown("services", errors.New(text))
	}
	for _, s := range all {
		installed, err := readService(folders.Dir(supervisor.Prefix + s.Name))
		d.unknown("service "+s.Name, err)
		one, err := serviceOf(s, installed, images)
		d.unknown("its container", err)
		d.Services = append(d.Services, one)
	}
	d.Reserved = reservedBy(d.Services)
}

// readService reads what the files of a service say, its container expanded. It
// reads no secret.
func readService(dir string) (s supervisor.Service, err error) {
	if runner, announcer := supervisor.Installed(dir); runner == "" && announcer == "" {
		return s, nil
	}
	if s, err = supervisor.ReadPublic(dir); err != nil || !s.Runs() {
		return s, err
	}
	expanded, _, err := servicecontainer.Expand(s.Container)
	if err == nil {
		s.Container = expanded
	}
	return s, err
}

// networks fills in the overlay networks.
func (d *document) networks() {
	names, err := overlayhost.Names(nil)
	d.unknown("overlay networks", err)
	for _, n := range overlay.Look(names) {
		d.Networks = append(d.Networks, network{n.Name, n.Verdict, n.Problem, string(n.State), n.CIDR, n.VNI, n.Subnet, n.MTU, n.Peers})
	}
}

// programs are rundock's, and those that it uses, with the releases they tell.
func programs(ctx context.Context, release, docker string) []program {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	all := []program{{"rundockd", release}, {"dnsd", ""}, {"dockerd", docker}, {"haproxy", ""}, {"consul", ""}}
	var asking sync.WaitGroup
	for i, ask := range [][]string{1: {hostconfig.DNSProgram, "--version"}, 3: {"haproxy", "-v"}, 4: {"consul", "version"}} {
		if len(ask) > 0 {
			asking.Go(func() {
				out, _ := exec.CommandContext(ctx, ask[0], ask[1:]...).Output()
				all[i].Version = releaseIn(string(out))
			})
		}
	}
	asking.Wait()
	return slices.DeleteFunc(all, func(p program) bool { return p.Version == "" })
}

// releaseIn finds the release in what a program prints of itself, as "HAProxy version
// 2.6.12-1 2023/12/16 - ..." or "Consul v1.8.7": the first word of the first line after its name.
func releaseIn(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	for i, word := range strings.Fields(first) {
		if i > 0 && word != "version" {
			return word
		}
	}
	return ""
}

// list is all, never nil, which is null in JSON.
func list(all []string) []string { return append([]string{}, all...) }
