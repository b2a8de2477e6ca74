// Command standin takes the place of rundockd in the tests of the module: the
// kernel's part of a network is real, that of Docker and the store is not.
// /run/standin holds what a test says: `containers`, those on the network;
// `unable`, why this host cannot join; `trouble`, why the network does not come up; `refused`, how the store
// has it otherwise; `unreachable`, the store; `unheard`, what there is to tell of other hosts; `lingers`, that an agent
// which is told to end has not finished. What the module has it
// do is in /run/standin/log.
package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

const dir = "/run/standin/"

func main() {
	if len(os.Args) >= 3 && os.Args[1] == "overlay" && os.Args[2] == "try" {
		if why := said("unable"); why != "" {
			fmt.Fprintln(os.Stderr, "rundockd overlay try:", why)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) < 4 || os.Args[1] != "overlay" {
		fail(2, "unexpected arguments", os.Args[1:])
	}
	name := os.Args[len(os.Args)-1]
	settings, err := overlay.ReadSettings(overlay.SettingsDir, name)
	if saved, _ := overlay.ReadSavedSettings(overlay.SavedDir, name); saved != nil && os.Args[2] == "leave" {
		settings, err = *saved, nil
	}
	if _, e := os.Stat(overlay.UnreleasedFile(name)); err != nil && e == nil && os.Args[2] == "leave" {
		release(name, os.Args[3:])
		return
	}
	if err != nil {
		fail(1, err)
	}
	k, err := kernel.Open()
	if err != nil {
		fail(1, err)
	}
	if os.Args[2] == "run" {
		run(k, settings)
	} else {
		leave(k, settings, os.Args[3:])
	}
}

func fail(code int, why ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"rundockd overlay leave:"}, why...)...)
	os.Exit(code)
}

func said(file string) string {
	data, _ := os.ReadFile(dir + file)
	return strings.TrimSpace(string(data))
}

func log(words ...any) {
	f, err := os.OpenFile(dir+"log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fail(1, err)
	}
	fmt.Fprintln(f, words...)
	f.Close()
}

func run(k *kernel.Kernel, s overlay.Settings) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	status := control.OverlayStatus{
		Network: s.Name, PID: os.Getpid(), Digest: control.Digest(overlay.SettingsDir, []string{s.Name + ".json"}),
		Bridge: s.Bridge(), Vxlan: s.Vxlan(), State: control.OverlayWaiting, Since: time.Now(),
	}
	switch {
	case said("refused") != "":
		status.Registry, status.Refused = said("refused"), true
	case said("trouble") != "":
		status.Reason = said("trouble")
		fmt.Println("a line of the log:", status.Reason)
	default:
		up(k, s, &status)
	}
	log("runs", s.Name)
	if err := control.WriteOverlay(control.Dir, status); err != nil {
		fail(1, err)
	}
	by := <-signals
	for said("lingers") != "" {
		time.Sleep(10 * time.Millisecond)
	}
	log("ended by", by)
}

func up(k *kernel.Kernel, s overlay.Settings, status *control.OverlayStatus) {
	where := s.Underlay
	if where == "" {
		where = "eth0"
	}
	u, err := overlay.FindUnderlay(where)
	if err != nil {
		fail(1, err)
	}
	h := overlay.Host{Machine: said("machine"), Subnet: s.Subnet(3), Underlay: u.Address, Interface: u.Interface, MTU: u.MTU}
	var peers []overlay.Peer
	if len(s.Peers) > 0 {
		own, err := s.OwnPeer(u.Address)
		if err != nil {
			fail(1, err)
		}
		h.Machine, h.Subnet, peers = own.Identity(), own.Subnet, s.OtherPeers(own)
	}
	want, err := overlay.Want(s.Network, h, peers)
	if err == nil {
		_, err = kernel.NewKeeper(k, s.Network, nil).Audit(h.Subnet, want)
	}
	if err != nil {
		fail(1, err)
	}
	save(s, h.Subnet)
	status.State, status.Alive, status.Peers = control.OverlayUp, said("unreachable") == "", len(peers)
	status.Registry, status.Unheard = said("unreachable"), said("unheard")
	status.Fault, status.Next = said("fault"), said("next")
	status.Subnet, status.Gateway, status.MTU = h.Subnet.String(), overlay.Gateway(h.Subnet).String(), want.Bridge.MTU
	status.Underlay = u.Address.String()
}

func saved(name string) string { return overlay.SavedDir + "/" + name + ".json" }

func save(s overlay.Settings, subnet netip.Prefix) {
	data, err := json.Marshal(map[string]any{"subnet": subnet, "settings": s})
	if err == nil {
		err = os.MkdirAll(overlay.SavedDir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(saved(s.Name), data, 0o644)
	}
	if err != nil {
		fail(1, err)
	}
}

func leave(k *kernel.Kernel, s overlay.Settings, args []string) {
	if slices.Contains(args, "--attached") {
		fmt.Println(strings.ReplaceAll(said("containers"), ", ", "\n"))
		return
	}
	force := slices.Contains(args, "--force")
	if c := said("containers"); c != "" && !force {
		fail(3, "network "+s.Name+" still has containers: "+c)
	}
	if slices.Contains(args, "--check") {
		check(args)
		return
	}
	log("leaves", strings.Join(args, " "))
	have, err := k.Read(s.Network, netip.Prefix{})
	if err == nil {
		err = k.Apply(overlay.Plan(have, overlay.WantNothing(s.Network)))
	}
	if err != nil {
		fail(1, err)
	}
	release(s.Name, args)
	os.Remove(control.Dir + "/overlay/" + s.Name + ".json")
	os.Remove(saved(s.Name))
}

// check is `leave --check` once no containers are on the network.
func check(args []string) {
	if why := said("unreachable"); why != "" && !slices.Contains(args, "--force") && !slices.Contains(args, "--offline") {
		fail(1, why)
	}
}

func release(name string, args []string) {
	if slices.Contains(args, "--check") {
		check(args)
		return
	}
	file := overlay.UnreleasedFile(name)
	switch why := said("unreachable"); {
	case why == "":
		os.Remove(file)
	case !slices.Contains(args, "--force") && !slices.Contains(args, "--offline"):
		fail(1, why)
	default:
		os.MkdirAll(overlay.SavedDir, 0o755)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			fail(1, err)
		}
		fmt.Println("the store was not told:", why)
	}
}
