package spec

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// requestParts are the keys of --gpus and of the parameter device_requests.
// Source: docker/cli's opts/gpus.go; community.docker's docker_container.
var requestParts = []part[DeviceRequest]{
	{key: "count", param: "count", allowed: "all, -1 for the same, or a number of at least 1",
		set: func(r *DeviceRequest, v string) (err error) {
			if v == "all" || v == "-1" {
				r.Count = -1
				return nil
			}
			r.Count, err = parseWhole(v, 1, math.MaxInt32)
			return err
		}},
	{key: "device", param: "device_ids", allowed: "ids of devices, separated by commas", repeats: true,
		set: separated(func(r *DeviceRequest) *[]string { return &r.IDs })},
	{key: "driver", param: "driver", allowed: "the name of a device driver",
		set: word(func(r *DeviceRequest) *string { return &r.Driver }, canonicalDriver)},
	{key: "capabilities", param: "capabilities", allowed: "capabilities of the driver, separated by commas", repeats: true,
		set: separated(func(r *DeviceRequest) *[]string { return &r.Capabilities })},
	{key: "options", param: "options", allowed: "key=value", repeats: true,
		set: keyValue(func(r *DeviceRequest) *map[string]string { return &r.Options })},
}

// requests is the field of --gpus: a count alone, or key=value pairs.
func requests() field {
	f := compound(func(c *Container) *[]DeviceRequest { return &c.DeviceRequests }, requestParts, checkRequest, showRequest)
	set := f.set
	f.set = func(c *Container, value string) error {
		if first, rest, _ := strings.Cut(value, ","); !strings.Contains(first, "=") {
			value = strings.TrimSuffix("count="+first+","+rest, ",")
		}
		if whole := unquoted(value); whole != "" {
			return &partError{`a list stands in double quotes within single ones, as in --gpus '"` + whole + `"'`}
		}
		return set(c, value)
	}
	return f
}

// unquoted is a list that value, of --gpus, has without the quotes that keep it
// together: device=0,1 of "device=0,1,driver=nvidia". "" is none.
func unquoted(value string) string {
	pairs, err := readPairs(value)
	if err != nil {
		return ""
	}
	whole, loose := "", false
	for _, p := range pairs {
		if p.Value == bare && whole != "" {
			whole, loose = whole+","+p.Key, true
			continue
		}
		if loose {
			return whole
		}
		if whole = ""; p.Key == "device" || p.Key == "capabilities" {
			whole = p.Key + "=" + p.Value
		}
	}
	if !loose {
		return ""
	}
	return whole
}

func checkRequest(r *DeviceRequest, called func(string) string) error {
	switch {
	case r.Count != 0 && r.IDs != nil:
		return errors.New(called("count") + " and " + called("device") + " exclude each other")
	case r.Count == 0 && r.IDs == nil:
		r.Count = 1
	}
	// As the docker command does. CDI names devices by what they are.
	if r.Driver != "cdi" && !slices.Contains(r.Capabilities, "gpu") {
		r.Capabilities = append(r.Capabilities, "gpu")
	}
	slices.Sort(r.Capabilities)
	return nil
}

func showRequest(r DeviceRequest) string {
	var pairs []Pair
	if r.Count == -1 {
		pairs = append(pairs, Pair{"count", "all"})
	} else if r.Count != 0 {
		pairs = append(pairs, Pair{"count", strconv.Itoa(r.Count)})
	}
	if r.IDs != nil {
		pairs = append(pairs, Pair{"device", strings.Join(r.IDs, ",")})
	}
	if r.Driver != "" {
		pairs = append(pairs, Pair{"driver", r.Driver})
	}
	if r.Capabilities != nil {
		pairs = append(pairs, Pair{"capabilities", strings.Join(r.Capabilities, ",")})
	}
	return writePairs(append(pairs, each("options", joined(r.Options))...))
}
