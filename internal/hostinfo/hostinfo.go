// Package hostinfo is what a host says of itself in the store: an Info at Prefix and its name, which goes
// away with it. rundockd store writes it, the page of previews shows it.
package hostinfo

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Prefix begins the keys.
const Prefix = "/rundock/v1/host/"

// Key is where host's Info is.
func Key(host string) string { return Prefix + host }

// Info is what a host says.
type Info struct {
	ID      string  `json:"id"` // of whoever holds the key
	Version string  `json:"version"`
	Load    float64 `json:"load"`   // processes that run or wait, on average of five minutes
	CPUs    int     `json:"cpus"`   // processors
	Memory  int     `json:"memory"` // MiB
	Free    int     `json:"free"`   // MiB of it that programs could have
}

// JSON is i as it is stored.
func (i Info) JSON() []byte {
	data, err := json.Marshal(i)
	if err != nil {
		panic(err) // texts and numbers, none of which is infinite
	}
	return data
}

// Parse reads an Info.
func Parse(value []byte) (i Info, err error) {
	if err = json.Unmarshal(value, &i); err != nil {
		return i, fmt.Errorf("what a host says: %w", err)
	}
	return i, nil
}

// Differs says whether what was said is old news: another version or machine, or a load or free memory that is
// another one by more than a tenth of what the host has.
func (i Info) Differs(said Info) bool {
	far := func(a, b, of float64) bool { return max(a-b, b-a) > of/10 }
	return i.ID != said.ID || i.Version != said.Version || i.CPUs != said.CPUs || i.Memory != said.Memory ||
		far(i.Load, said.Load, float64(i.CPUs)) || far(float64(i.Free), float64(said.Free), float64(i.Memory))
}

// Here is what this host says.
func Here(id, version string) (Info, error) {
	i := Info{ID: id, Version: version, CPUs: runtime.NumCPU()}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return i, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return i, err
	}
	return i, i.read(string(load), string(memory))
}

// read reads what proc(5) says of loadavg and meminfo.
func (i *Info) read(load, memory string) (err error) {
	words := strings.Fields(load)
	if len(words) < 3 {
		return fmt.Errorf("/proc/loadavg is %q", load)
	}
	if i.Load, err = strconv.ParseFloat(words[1], 64); err != nil {
		return fmt.Errorf("/proc/loadavg: %w", err)
	}
	for line := range strings.Lines(memory) {
		name, value, _ := strings.Cut(line, ":")
		into := map[string]*int{"MemTotal": &i.Memory, "MemAvailable": &i.Free}[name]
		if into == nil {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		if err != nil {
			return fmt.Errorf("/proc/meminfo: %s: %w", name, err)
		}
		*into = kib >> 10
	}
	return nil
}
