package filterer

import (
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/preview"
	"rundock/internal/sitefilter"
)

// devices are those of containers by what they are called: Docker's own, and those of
// overlay networks. So they are known also while dockerd is away.
var devices = regexp.MustCompile(`^(docker0|docker_gwbridge|br-[0-9a-f]{12}|(ovl|vx)[0-9]+)$`)

// namedDevices are those of them that there are.
func namedDevices() (names []string) {
	all, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return nil
	}
	for _, d := range all {
		if devices.MatchString(d.Name()) {
			names = append(names, d.Name())
		}
	}
	return names
}

// confinedDevices are those of networks that foreign code is in. A stack's network is an overlay network, of which the
// device to other hosts goes with its bridge.
func confinedDevices(bridges []container.Bridge) (names []string) {
	for _, b := range bridges {
		if b.Network != preview.BuildNetwork && !strings.HasPrefix(b.Network, preview.StackOf("")) {
			continue
		}
		names = append(names, b.Device)
		if number, ok := strings.CutPrefix(b.Device, "ovl"); ok {
			names = append(names, "vx"+number)
		}
	}
	return names
}

// announced is what sidecars' status files said when they were last read, by their paths: one
// that has not been replaced since is not read again.
type announced map[string]saying

// A saying is a status file, and the records of a service that is announced by it.
type saying struct {
	file    fs.FileInfo
	records []control.Record
}

// ports are those of this host that services are announced at, by the status files of
// sidecars below dir. They are those of containers in the host's own network, and of
// processes beside Docker; what containers publish is told by Docker as well.
func (a *announced) ports(dir string) (ports []sitefilter.Port) {
	a.read(dir)
	if len(*a) == 0 {
		return nil
	}
	own := ownAddresses()
	for _, s := range *a {
		for _, r := range s.records {
			if own[r.Host] && r.Port > 0 && r.Port < 1<<16 {
				// A record does not say which protocol it is.
				ports = append(ports, sitefilter.Port{Number: uint16(r.Port), Proto: "tcp"}, sitefilter.Port{Number: uint16(r.Port), Proto: "udp"})
			}
		}
	}
	return ports
}

// read reads the status files below dir that are new, or others than before.
func (a *announced) read(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "announce.json")) // no error: the pattern is right
	now := announced{}
	for _, file := range files {
		info, err := os.Stat(file) // before it is read: a newer one is read by the next call
		if err != nil {
			continue
		}
		before, known := (*a)[file]
		if known && os.SameFile(before.file, info) && before.file.ModTime().Equal(info.ModTime()) && before.file.Size() == info.Size() {
			now[file] = before
			continue
		}
		s, err := control.ReadAnnounce(dir, filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if s.State == control.Withdrawn {
			s.Records = nil
		}
		now[file] = saying{info, s.Records}
	}
	*a = now
}

func ownAddresses() map[string]bool {
	own := map[string]bool{}
	all, _ := net.InterfaceAddrs() // none: then nothing counts as this host's
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().String()] = true
		}
	}
	return own
}

// publishedPorts are what Docker publishes for others than the host itself.
func publishedPorts(o container.Outlets) (ports []sitefilter.Port) {
	for _, p := range o.Ports {
		if !p.IP.IsLoopback() {
			ports = append(ports, sitefilter.Port{Number: uint16(p.Port), Proto: p.Proto})
		}
	}
	return ports
}

// knownFrom is what a status file says of the surroundings.
func knownFrom(s control.FilterStatus) (around sitefilter.Surroundings) {
	around.Devices, around.Confined = s.Devices, s.Confined
	for _, text := range s.Ports {
		var p sitefilter.Port
		if p.UnmarshalText([]byte(text)) == nil {
			around.Ports = append(around.Ports, p)
		}
	}
	return around
}

func portTexts(ports []sitefilter.Port) (texts []string) {
	for _, p := range ports {
		texts = append(texts, p.String())
	}
	return texts
}

// oneLine is an error for a status file.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
