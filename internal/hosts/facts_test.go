package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Playbooks read our facts under the names of setup, and find there what setup
// would have said.
func TestFacts_are_those_of_setup(t *testing.T) {
	if _, err := exec.LookPath("ansible"); err != nil {
		t.Skip("ansible is not installed")
	}
	cmd := exec.Command("ansible", "localhost", "-c", "local", "-m", "setup", "-a", "gather_subset=!all,!min,network,platform,distribution")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=false")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, answer, _ := strings.Cut(string(out), "=> ")
	var setup struct {
		Facts map[string]any `json:"ansible_facts"`
	}
	if err := json.Unmarshal([]byte(answer), &setup); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ours, err := Facts()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hostname", "nodename", "architecture", "kernel", "os_family", "distribution", "distribution_release", "distribution_major_version"} {
		if got, want := ours[name], setup.Facts["ansible_"+name]; got != want {
			t.Errorf("%s is %v, setup says %v", name, got, want)
		}
	}
	compared := 0
	for _, name := range ours["interfaces"].([]string) {
		key := strings.NewReplacer("-", "_", ":", "_").Replace(name)
		theirs, ok := setup.Facts["ansible_"+key].(map[string]any)
		if !ok || theirs["ipv4"] == nil {
			continue // made or removed meanwhile, or without an address
		}
		got, want := ours[key].(map[string]any)["ipv4"], theirs["ipv4"].(map[string]any)["address"]
		if got == nil || got.(map[string]any)["address"] != want {
			t.Errorf("%s has %v, setup says %v", name, got, want)
		}
		if got, want := fmt.Sprint(ours[key].(map[string]any)["ipv6"]), sixOf(theirs); got != want {
			t.Errorf("%s has %s of IPv6, setup says %s", name, got, want)
		}
		compared++
	}
	if compared == 0 {
		t.Errorf("no interface has an address, among %v", ours["interfaces"])
	}
	if theirs, ok := setup.Facts["ansible_default_ipv4"].(map[string]any); ok && theirs["address"] != nil {
		got := fmt.Sprint(ours["default_ipv4"])
		if want := fmt.Sprint(map[string]any{"address": theirs["address"], "interface": theirs["interface"]}); got != want {
			t.Errorf("default_ipv4 is %s, setup says %s", got, want)
		}
	}
}

// sixOf is what setup says of the addresses of IPv6 of an interface, in the order of ours.
func sixOf(about map[string]any) string {
	list, _ := about["ipv6"].([]any)
	if len(list) == 0 {
		return fmt.Sprint(nil)
	}
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["address"]), fmt.Sprint(b.(map[string]any)["address"]))
	})
	return fmt.Sprint(list)
}

// What changes by itself is no address that others can know a host by.
func TestAddresses6(t *testing.T) {
	got := addresses6(`fd000000000000000000000000000011 04 40 00 80     eth1
fe80000000000000000000000000beef 04 40 20 80     eth1
fd000000000000000000000000000005 04 40 00 80     eth1
fd00000000000000aaaaaaaaaaaaaaaa 04 40 00 01     eth1
fd00000000000000bbbbbbbbbbbbbbbb 04 40 00 20     eth1
fd00000000000000cccccccccccccccc 04 40 00 40     eth1
fd00000000000000dddddddddddddddd 04 40 00 c8     eth1
00000000000000000000000000000001 01 80 10 80       lo
fd00 04 40 00 80     eth1
`)
	want := map[string][]map[string]any{
		"lo": {{"address": "::1", "prefix": "128", "scope": "host"}},
		"eth1": {{"address": "fd00::11", "prefix": "64", "scope": "global"}, {"address": "fd00::5", "prefix": "64", "scope": "global"},
			{"address": "fe80::beef", "prefix": "64", "scope": "link"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDistribution(t *testing.T) {
	for release, want := range map[string]string{
		"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n": "Debian 12 12 bookworm, of Debian",
		"NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n":                                           "Ubuntu 24.04 24 noble, of Debian",
		"NAME=\"void\"\nID=\"void\"\n": "void   , of void",
	} {
		d := distribution(release)
		if got := fmt.Sprintf("%v %v %v %v, of %v", d["distribution"], d["distribution_version"], d["distribution_major_version"], d["distribution_release"], d["os_family"]); got != want {
			t.Errorf("%q: %s, want %s", release, got, want)
		}
	}
}
