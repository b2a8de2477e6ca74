package e2e

import (
	"testing"

	"rundock/internal/await"
)

// TestAddress_of_the_host_changes: containers, records and dnsd follow it,
// without an operator. A bridge stands in for both interfaces, as the lab itself
// needs the others.
func TestAddress_of_the_host_changes(t *testing.T) {
	s := need(t)
	const name, other = "nomad", "homebody"
	s.sh(t, back2, `ip link add moving type bridge && ip link set moving up && ip addr add 10.99.0.7/24 dev moving
		cp -a /etc/rundock/host.json /root/host.json && sed -i '/"p[a-z]*": {/,/}/s/"eth0"/"moving"/' /etc/rundock/host.json && rundockd config && sv hup dnsd`)
	t.Cleanup(func() {
		s.sh(t, back2, "mv /root/host.json /etc/rundock/host.json; sv hup dnsd; ip link del moving")
		await.Empty(t, "dnsd answers at the host's own address", func() string {
			_, err := s.try(back2, "dig +time=1 +tries=1 @"+s.Addr(back2).String()+" "+zone+" SOA")
			return errorText(err)
		})
	})
	s.remove(t, back2, name, other)
	s.install(t, back2, "state=enabled name="+name+" "+plain+" announce_as=public wait=announced")
	s.install(t, back2, "state=enabled name="+other+" image="+images+"influxdb:latest")
	is := func(address string) {
		t.Helper()
		await.Empty(t, name+" is announced and published at "+address, func() string {
			if got := s.dig(t, front, "A "+name+"."+zone); got != address {
				return "dig says " + got
			}
			_, err := s.try(back2, "curl -fsS -m 5 -o /dev/null http://"+address+":8086/ping")
			return errorText(err)
		})
		await.Empty(t, other+" asks dnsd at "+address, func() string {
			if got := s.sh(t, back2, "docker inspect -f '{{.State.Running}} {{index .HostConfig.DNS 0}}' "+other+" || true"); got != "true "+address {
				return "it runs and asks: " + got
			}
			_, err := s.try(back2, "dig +time=1 +tries=1 @"+address+" "+zone+" SOA && rundockd explain "+other)
			return errorText(err)
		})
	}
	is("10.99.0.7")
	s.sh(t, back2, "ip addr del 10.99.0.7/24 dev moving && ip addr add 10.99.0.99/24 dev moving")
	is("10.99.0.99")
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
