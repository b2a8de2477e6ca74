package params

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/spec"
)

// containerParams are the structured forms of what args say, under the names
// that community.docker's docker_container has, with those of compose as
// aliases; nil means not given. The tag flag is the flag of docker run whose
// check and canonical form the value gets, join what stands between a key and
// its value there. Fields without a flag are taken apart in set.
type containerParams struct {
	Command     json.RawMessage `json:"command"`
	Entrypoint  json.RawMessage `json:"entrypoint"`
	Env         dict            `json:"env" flag:"env" join:"="`
	EnvFile     []string        `json:"env_file" flag:"env-file"`
	User        *string         `json:"user" flag:"user"`
	Groups      []string        `json:"groups" flag:"group-add"`
	WorkingDir  *string         `json:"working_dir" flag:"workdir"`
	StopSignal  *string         `json:"stop_signal" flag:"stop-signal"`
	Init        *bool           `json:"init" flag:"init"`
	Healthcheck *healthParams   `json:"healthcheck"`
	Labels      dict            `json:"labels" flag:"label" join:"="`
	Annotations dict            `json:"annotations" flag:"annotation" join:"="`
	LogOptions  amounts         `json:"log_options" flag:"log-opt" join:"="`
	Platform    *string         `json:"platform" flag:"platform"`

	Hostname         *string     `json:"hostname" flag:"hostname"`
	Domainname       *string     `json:"domainname" flag:"domainname"`
	NetworkMode      *string     `json:"network_mode" flag:"network"`
	Networks         []compound  `json:"networks" flag:"network"`
	MACAddress       *string     `json:"mac_address" flag:"mac-address"`
	PublishedPorts   []string    `json:"published_ports" flag:"publish"`
	ExposedPorts     []string    `json:"exposed_ports" flag:"expose"`
	EtcHosts         dict        `json:"etc_hosts" flag:"add-host" join:":"`
	DNSServers       []string    `json:"dns_servers" flag:"dns"`
	DNSSearchDomains []string    `json:"dns_search_domains" flag:"dns-search"`
	DNSOpts          []string    `json:"dns_opts" flag:"dns-option"`
	Volumes          []string    `json:"volumes" flag:"volume"`
	VolumeDriver     *string     `json:"volume_driver" flag:"volume-driver"`
	VolumesFrom      []string    `json:"volumes_from" flag:"volumes-from"`
	BindMounts       []compound  `json:"mounts" flag:"mount"`
	Tmpfs            []string    `json:"tmpfs" flag:"tmpfs"`
	ShmSize          *string     `json:"shm_size" flag:"shm-size"`
	StorageOpts      amounts     `json:"storage_opts" flag:"storage-opt" join:"="`
	ReadOnly         *bool       `json:"read_only" flag:"read-only"`
	Memory           *string     `json:"memory" flag:"memory"`
	MemReservation   *string     `json:"memory_reservation" flag:"memory-reservation"`
	MemSwap          *string     `json:"memory_swap" flag:"memory-swap"`
	MemSwappiness    *int        `json:"memory_swappiness" flag:"memory-swappiness"`
	OOMKillDisable   *bool       `json:"oom_kill_disable" flag:"oom-kill-disable"`
	OOMScoreAdj      *int        `json:"oom_score_adj" flag:"oom-score-adj"`
	CPUs             *string     `json:"cpus" flag:"cpus"`
	CPUShares        *int        `json:"cpu_shares" flag:"cpu-shares"`
	CPUSetCPUs       *string     `json:"cpuset_cpus" flag:"cpuset-cpus"`
	CPUSetMems       *string     `json:"cpuset_mems" flag:"cpuset-mems"`
	PidsLimit        *int        `json:"pids_limit" flag:"pids-limit"`
	BlkioWeight      *int        `json:"blkio_weight" flag:"blkio-weight"`
	BlkioWeightDev   []rateParam `json:"blkio_weight_device" flag:"blkio-weight-device"`
	DeviceReadBps    []rateParam `json:"device_read_bps" flag:"device-read-bps"`
	DeviceWriteBps   []rateParam `json:"device_write_bps" flag:"device-write-bps"`
	DeviceReadIOps   []rateParam `json:"device_read_iops" flag:"device-read-iops"`
	DeviceWriteIOps  []rateParam `json:"device_write_iops" flag:"device-write-iops"`
	Ulimits          []string    `json:"ulimits" flag:"ulimit"`
	CgroupParent     *string     `json:"cgroup_parent" flag:"cgroup-parent"`
	Privileged       *bool       `json:"privileged" flag:"privileged"`
	Capabilities     []string    `json:"capabilities" flag:"cap-add"`
	CapDrop          []string    `json:"cap_drop" flag:"cap-drop"`
	SecurityOpts     []string    `json:"security_opts" flag:"security-opt"`
	Sysctls          amounts     `json:"sysctls" flag:"sysctl" join:"="`
	Devices          []string    `json:"devices" flag:"device"`
	DeviceRules      []string    `json:"device_cgroup_rules" flag:"device-cgroup-rule"`
	DeviceRequests   []compound  `json:"device_requests" flag:"gpus"`
	Runtime          *string     `json:"runtime" flag:"runtime"`
	CgroupnsMode     *string     `json:"cgroupns_mode" flag:"cgroupns"`
	IPCMode          *string     `json:"ipc_mode" flag:"ipc"`
	PIDMode          *string     `json:"pid_mode" flag:"pid"`
	UsernsMode       *string     `json:"userns_mode" flag:"userns"`
	UTS              *string     `json:"uts" flag:"uts"`
}

// rateParam is a device and its limit or weight.
type rateParam struct {
	Path   string  `json:"path"`
	Rate   *string `json:"rate"`
	Weight *string `json:"weight"`
}

type healthParams struct {
	Test          json.RawMessage `json:"test"`
	Interval      *string         `json:"interval" flag:"health-interval"`
	Timeout       *string         `json:"timeout" flag:"health-timeout"`
	Retries       *int            `json:"retries" flag:"health-retries"`
	StartPeriod   *string         `json:"start_period" flag:"health-start-period"`
	StartInterval *string         `json:"start_interval" flag:"health-start-interval"`
	Disable       *bool           `json:"disable" flag:"no-healthcheck"`
}

// given is the name of one of p's parameters that is given, or "".
func (p containerParams) given() string {
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			return v.Type().Field(i).Tag.Get("json")
		}
	}
	return ""
}

// set hands every parameter that is given to b.
func (p containerParams) set(b *spec.Builder) error {
	words, err := commandLine("command", p.Command)
	if err != nil {
		return err
	}
	if words != nil {
		if err := b.SetCommand("command", words); err != nil {
			return err
		}
	}
	if words, err = commandLine("entrypoint", p.Entrypoint); err != nil {
		return err
	}
	if words != nil {
		if err := b.SetEntrypoint("entrypoint", words); err != nil {
			return err
		}
	}
	if err := setFields(b, "", reflect.ValueOf(p)); err != nil {
		return err
	}
	if p.Healthcheck == nil {
		return nil
	}
	if err := setTest(b, "healthcheck.test", p.Healthcheck.Test); err != nil {
		return err
	}
	return setFields(b, "healthcheck.", reflect.ValueOf(*p.Healthcheck))
}

// setFields hands b those fields of a struct that have a flag.
func setFields(b *spec.Builder, prefix string, v reflect.Value) error {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, flag := prefix+tag.Get("json"), tag.Get("flag")
		if flag == "" || v.Field(i).IsNil() {
			continue
		}
		if err := setField(b, name, flag, tag.Get("join"), v.Field(i).Interface()); err != nil {
			return err
		}
	}
	return nil
}

func setField(b *spec.Builder, name, flag, join string, value any) error {
	switch v := value.(type) {
	case *string:
		return b.Set(name, flag, *v)
	case *bool:
		return b.Set(name, flag, strconv.FormatBool(*v))
	case *int:
		return b.Set(name, flag, strconv.Itoa(*v))
	case []string:
		for _, s := range v {
			if flag == "ulimit" && !strings.Contains(s, "=") {
				s = strings.Replace(s, ":", "=", 1) // as community.docker writes it
			}
			if err := b.Set(name, flag, s); err != nil {
				return err
			}
		}
	case dict:
		return setPairs(b, name, flag, join, v, text)
	case amounts:
		return setPairs(b, name, flag, join, v, amount)
	case []rateParam:
		for _, r := range v {
			limit := r.Rate
			if limit == nil {
				limit = r.Weight
			}
			if err := b.Set(name, flag, r.Path+":"+*limit); err != nil {
				return err
			}
		}
	case []compound:
		for i, c := range v {
			pairs, err := c.pairs()
			if err != nil {
				return fmt.Errorf("%s[%d]: %w", name, i, err)
			}
			if err := b.SetPairs(name, i, flag, pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// setPairs hands b each entry of a dictionary whose values read reads.
func setPairs(b *spec.Builder, name, flag, join string, entries map[string]json.RawMessage, read func(json.RawMessage) (string, error)) error {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		s, err := read(entries[key])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, key, err)
		}
		if err := b.Set(name, flag, key+join+s); err != nil {
			return err
		}
	}
	return nil
}

// commandLine is a command line, split as a shell does, or a list of its words;
// nil if it is not given.
func commandLine(name string, raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	if words, err := list(raw); err == nil {
		return words, nil
	} else if raw[0] == '[' {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	line, err := text(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; allowed: a command line, or a list of its words", name, err)
	}
	words, err := spec.SplitWords(line)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return append([]string{}, words...), nil
}

// setTest sets a health check: a text is a command for a shell.
func setTest(b *spec.Builder, name string, raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	words, err := list(raw)
	if err == nil {
		return b.SetHealthTest(name, words)
	}
	line, err := text(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return b.Set(name, "health-cmd", line)
}
