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
	if i.Load, err = loadOf(string(load)); err != nil {
		return i, err
	}
	total, available, err := Memory()
	i.Memory, i.Free = int(total>>20), int(available>>20)
	return i, err
}

// loadOf reads what proc(5) says of loadavg: the average of five minutes.
func loadOf(text string) (float64, error) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return 0, fmt.Errorf("/proc/loadavg is %q", text)
	}
	load, err := strconv.ParseFloat(words[1], 64)
	if err != nil {
		return 0, fmt.Errorf("/proc/loadavg: %w", err)
	}
	return load, nil
}

// Memory is this machine's, in bytes: all of it, and what further programs could have, as the kernel reckons.
func Memory() (total, available int64, err error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, err
	}
	return memoryOf(string(text))
}

// memoryOf reads what proc(5) says of meminfo.
func memoryOf(text string) (total, available int64, err error) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		into := map[string]*int64{"MemTotal": &total, "MemAvailable": &available}[name]
		if into == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/meminfo: %s: %w", name, err)
		}
		*into = kib << 10
	}
	return total, available, nil
}
