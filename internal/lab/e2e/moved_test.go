package e2e

import (
	"testing"
)

// TestAddress_of_the_host_changes: container and record follow it, without an
// operator. A bridge stands in for the public interface, as the lab itself
// needs the others.
func TestAddress_of_the_host_changes(t *testing.T) {
	s := need(t)
	const name = "nomad"
	s.sh(t, back2, `ip link add moving type bridge && ip link set moving up && ip addr add 10.99.0.7/24 dev moving
		cp -a /etc/rundock/host.json /root/host.json && sed -i '/"public"/,/}/s/"eth0"/"moving"/' /etc/rundock/host.json && rundockd config`)
	t.Cleanup(func() { s.sh(t, back2, "ip link del moving; mv /root/host.json /etc/rundock/host.json") })
	s.remove(t, back2, name)
	s.install(t, back2, "state=enabled name="+name+" "+plain+" announce_as=public wait=announced")
	is := func(address string) {
		t.Helper()
		eventually(t, name+" is announced and published at "+address, func() string {
			if got := s.dig(t, front, "A "+name+"."+zone); got != address {
				return "dig says " + got
			}
			if _, err := s.try(back2, "curl -fsS -m 5 -o /dev/null http://"+address+":8086/ping"); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	is("10.99.0.7")
	s.sh(t, back2, "ip addr del 10.99.0.7/24 dev moving && ip addr add 10.99.0.99/24 dev moving")
	is("10.99.0.99")
}
