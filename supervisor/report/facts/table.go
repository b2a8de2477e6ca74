package facts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/supervisor/report"
)

// text is the document for people.
func (d document) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s  %s\n", name, fmt.Sprintf(format, args...))
	}
	line("host", "%s, zone %s, private address %s", d.Host, cmp.Or(d.Zone, "-"), cmp.Or(d.Private, "-"))
	if d.Drained != nil {
		line("drained", "%s", *d.Drained)
	}
	line("groups", "%s", cmp.Or(strings.Join(d.Groups, ", "), "-"))
	labels := []string{}
	for _, name := range slices.Sorted(maps.Keys(d.Labels)) {
		labels = append(labels, name+"="+d.Labels[name])
	}
	line("labels", "%s", cmp.Or(strings.Join(labels, ", "), "-"))
	c, r := d.Capacity, d.Reserved
	line("machine", "%s, %s, Linux %s, %d CPUs, %s of memory, %s available", d.Arch, cmp.Or(d.OS, "-"), d.Kernel, c.CPUs, size(c.Memory), size(c.MemoryAvailable))
	line("reserved", "%g CPUs and %s by limits of services; %d have no limit of CPUs, %d none of memory", r.CPUs, size(r.Memory), r.WithoutCPULimit, r.WithoutMemory)
	for _, each := range c.Disks {
		line("disk", "%s: %s, %s free", each.Path, size(each.Size), size(each.Free))
	}
	for _, p := range d.Programs {
		line("program", "%s %s", p.Name, p.Version)
	}
	for _, n := range d.Networks {
		line("network", "%s: %s, subnet %s, %d peers", n.Name, cmp.Or(n.State, "-"), cmp.Or(n.Subnet, "-"), n.Peers)
	}
	if len(d.Images) > 0 {
		total := int64(0)
		for _, i := range d.Images {
			total += i.Size
		}
		line("images", "%d, %s", len(d.Images), size(total))
	}
	if len(d.Services) > 0 {
		rows := [][]string{{"SERVICE", "VERDICT", "STATE", "FOR", "CPUS", "MEMORY", "IMAGE", "WHY NOT"}}
		for _, s := range d.Services {
			since := "-"
			if !s.Since.IsZero() {
				since = report.Age(d.Time, s.Since)
			}
			cpus, memory := "-", "-"
			if s.CPUs > 0 {
				cpus = fmt.Sprintf("%g", s.CPUs)
			}
			if s.Memory > 0 {
				memory = size(s.Memory)
			}
			rows = append(rows, []string{s.Name, s.Verdict, report.Cell(s.State), since, cpus, memory, report.Cell(cmp.Or(s.Digest, s.Image)), report.OneLine(s.Problem)})
		}
		b.WriteString("\n" + report.Table(rows))
	}
	return b.String()
}

// size is a number of bytes for people, as one word.
func size(n int64) string {
	f, unit := float64(n), 0
	for f >= 1024 && unit < 4 {
		f, unit = f/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.1f%ciB", f, "BKMGT"[unit])
}
