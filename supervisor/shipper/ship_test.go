package shipper

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
)

// receivers are those that each test is made with.
var receivers = map[string]func(*testing.T) (*target, Settings){
	"rsyslog":    rsyslog,
	"fluent":     func(t *testing.T) (*target, Settings) { return fluentd(t, false) },
	"fluent+tls": func(t *testing.T) (*target, Settings) { return fluentd(t, true) },
}

func withEach(t *testing.T, test func(*testing.T, *target, Settings)) {
	for name, make := range receivers {
		t.Run(name, func(t *testing.T) {
			r, to := make(t)
			test(t, r, to)
		})
	}
}

func TestShip_labels_lines(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		r.up()
		s := newSite(t, to)
		for path, text := range map[string]string{
			"docker-web-blue/services/service/service.json":   `{"version":1,"name":"web-blue"}`,
			"docker-web-blue/services/announce/announce.json": `{"version":1,"service":"web-blue","colour":"blue"}`,
			"docker-shop-web-1/service.json":                  `{"version":1,"name":"shop-web-1","stack":"shop","slot":"web.1"}`,
		} {
			path = filepath.Join(s.config.SV, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]string{
			"docker-web-blue":          `service="web" instance="web-blue" host="node-1"`,
			"docker-web-blue/announce": `service="web" instance="web-blue" host="node-1"`,
			"docker-shop-web-1":        `service="web" instance="shop-web-1" stack="shop" host="node-1"`,
			"rundock-store":            `service="rundock-store" instance="rundock-store" host="node-1"`,
		}
		for folder := range want {
			s.write(folder, 10)
		}
		s.write("sshd", 10) // no log of ours
		s.total -= 10
		delete(s.loggers, "sshd")
		s.start()
		s.settled(r.count)
		got := r.whole(s)
		for folder, labels := range want {
			part := " service"
			if strings.HasSuffix(folder, "/announce") {
				part = " announce"
			}
			if head := got.labels[folder]; !strings.Contains(head, labels) || !strings.Contains(head, part) {
				t.Errorf("labels of %s are %s, want %s and the part%s", folder, head, labels, part)
			}
		}
		if got.twice > 0 || len(got.lines) != s.total {
			t.Errorf("%d lines came twice, and %d in all, of %d", got.twice, len(got.lines), s.total)
		}
	})
}

// TestShip_over_an_outage: the receiver is killed, and is away; the shipper is killed, twice.
func TestShip_loses_and_doubles_nothing_over_an_outage(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		r.up()
		s := newSite(t, to)
		s.write("docker-web", 500)
		s.start()
		s.settled(r.count)
		r.down()
		for range 3 {
			s.write("docker-web", 1000)
			s.write("rundock-store", 100)
			await.True(t, "it says that nothing is shipped, and why", func() bool {
				st := s.status()
				return st.PID == s.process.Process.Pid && st.Lines > 0 && !st.Failing.IsZero() && strings.Contains(st.Reason, "refused")
			})
			s.restart()
		}
		r.up()
		s.settled(r.count)
		if got := r.whole(s); got.twice > 0 {
			t.Errorf("%d lines came twice", got.twice)
		}
		await.Empty(t, "the status says that it ships again", func() string {
			if st := s.status(); st.Reason != "" || !st.Failing.IsZero() || st.Lost != 0 || st.Lines > 0 || st.Arrived.IsZero() {
				return fmt.Sprintf("%+v", st)
			}
			return ""
		})
	})
}

// TestShip_killed: what is under way when it is killed may come twice, under the same id.
func TestShip_loses_nothing_when_it_is_killed(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		r.up()
		s := newSite(t, to)
		s.write("docker-web", 100)
		s.start()
		for range 8 {
			at := r.count()
			s.write("docker-web", 1500)
			await.True(t, "lines arrive", func() bool { return r.count() > at })
			s.restart()
		}
		s.settled(r.count)
		got := r.whole(s)
		t.Logf("%d of %d lines came twice", got.twice, s.total)
	})
}

func TestShip_loses_nothing_when_the_receiver_is_killed(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		r.up()
		s := newSite(t, to)
		s.write("docker-web", 100)
		s.start()
		for range 8 {
			at := r.count()
			s.write("docker-web", 1500)
			await.True(t, "lines arrive", func() bool { return r.count() > at })
			r.down()
			r.up()
		}
		s.settled(r.count)
		got := r.whole(s)
		t.Logf("%d of %d lines came twice", got.twice, s.total)
	})
}

// TestShip_ended: told to end, it has what was sent be acknowledged first.
func TestShip_doubles_nothing_when_it_is_told_to_end(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		r.up()
		s := newSite(t, to)
		s.config.Settle = time.Hour
		for range 4 {
			s.write("docker-web", 1500)
			s.start()
			await.True(t, "all lines arrive", func() bool { return r.count() == s.total })
			s.process.Process.Signal(syscall.SIGTERM)
			if err := s.process.Wait(); err != nil {
				t.Fatalf("it ends with %v", err)
			}
			if st := s.status(); st.Lines != 0 {
				t.Errorf("%d lines are not acknowledged at its end", st.Lines)
			}
		}
		if got := r.whole(s); got.twice > 0 {
			t.Errorf("%d lines came twice", got.twice)
		}
	})
}

func TestShip_drops_the_oldest_when_the_buffer_is_full(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		to.Buffer = leastBuffer
		s := newSite(t, to)
		s.start()
		for range 6 {
			s.write("docker-web", 5000)
			await.True(t, "the lines are in the buffer", func() bool {
				st := s.status()
				return int(st.Lines+st.Lost) == s.total
			})
		}
		lost := int(s.status().Lost)
		if st := s.status(); lost == 0 || st.Bytes > leastBuffer {
			t.Fatalf("%d lines are lost, and the buffer has %d bytes: want some, and %d at most", lost, st.Bytes, leastBuffer)
		}
		s.restart()
		r.up()
		await.Equal(t, "all that is left arrives", fmt.Sprint(s.total-lost), func() string { return fmt.Sprint(r.count()) })
		got := r.received()
		for _, number := range []int{lost, s.total - 1} {
			if text := fmt.Sprintf("docker-web line %d of those that are written here", number); !got.texts[text] {
				t.Errorf("%q has not arrived, of the newest %d", text, s.total-lost)
			}
		}
		if st := s.status(); int(st.Lost) != lost || got.twice > 0 {
			t.Errorf("%d lines are counted as lost, were %d; %d came twice", st.Lost, lost, got.twice)
		}
	})
}

// TestShip_mute: a receiver that accepts and never acknowledges is left, and tried again.
func TestShip_is_held_up_by_no_receiver_that_never_acknowledges(t *testing.T) {
	withEach(t, func(t *testing.T, r *target, to Settings) {
		mute, err := net.Listen("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, to)
		patient := s.config.Answer
		s.config.Answer = 300 * time.Millisecond
		s.write("docker-web", 2000)
		s.start()
		await.True(t, "it says that the receiver does not answer", func() bool { return strings.Contains(s.status().Reason, "has not answered for 300ms") })
		mute.Close()
		s.config.Answer = patient
		s.restart()
		r.up()
		s.settled(r.count)
		if got := r.whole(s); got.twice > 0 {
			t.Errorf("%d lines came twice", got.twice)
		}
	})
}

func TestShip_goes_on_with_another_certificate_when_one_ends_while_it_ships(t *testing.T) {
	for _, name := range []string{"rsyslog", "fluent+tls"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait
			r, to := receivers[name](t)
			// Long enough for both to start, and for lines to be shipped.
			r.certificate(40 * time.Second)
			r.up()
			s := newSite(t, to)
			s.write("docker-web", 500)
			s.start()
			s.settled(r.count)
			await.True(t, "it says that a certificate has ended", func() bool {
				s.write("docker-web", 10)
				time.Sleep(50 * time.Millisecond) // not to write millions
				return strings.Contains(s.status().Reason, "expired")
			})
			r.down()
			r.certificate(time.Hour)
			r.up()
			s.settled(r.count)
			if got := r.whole(s); got.twice > 0 {
				t.Errorf("%d lines came twice", got.twice)
			}
		})
	}
}

func TestShip_names_what_a_receiver_refuses(t *testing.T) {
	r, to := fluentd(t, true)
	r.up()
	other := target{t: t, dir: t.TempDir()}
	other.certificate(time.Hour)
	s := newSite(t, to)
	s.config.Settings.Cert, s.config.Settings.Key = filepath.Join(other.dir, "cert.pem"), filepath.Join(other.dir, "key.pem")
	s.write("docker-web", 10)
	s.start()
	await.True(t, "it says that the receiver refuses the certificate", func() bool { return strings.Contains(s.status().Reason, "remote error: tls") })
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":1,"to":"syslog+tls://logs.example.com"}`:                 "",
		`{"version":1,"to":"fluent://10.0.0.5:24225","buffer":1000000}`:      "",
		`{"version":1,"to":"fluent+tls://[fd00::5]","cert":"/c","key":"/k"}`: "",
		`{"version":2,"to":"fluent://a"}`:                                    "version is 2",
		`{"version":1,"to":"syslog://a"}`:                                    "want syslog+tls://",
		`{"version":1,"to":"fluent://a:0"}`:                                  "is no port",
		`{"version":1,"to":"fluent://a/b"}`:                                  "a host and a port alone",
		`{"version":1,"to":"fluent://"}`:                                     "a host and a port alone",
		`{"version":1,"to":"fluent://a","ca":"/ca"}`:                         "want fluent+tls://",
		`{"version":1,"to":"fluent+tls://a","cert":"/c"}`:                    "go together",
		`{"version":1,"to":"fluent://a","buffer":5}`:                         "buffer is 5",
		`{"version":1,"to":"fluent://a","tls":true}`:                         "unknown field",
	} {
		_, err := parse([]byte(text))
		if got := fmt.Sprint(err); (err == nil) != (want == "") || !strings.Contains(got, want) && want != "" {
			t.Errorf("parse(%s) = %v, want %q", text, err, want)
		}
	}
	s, err := parse([]byte(`{"version":1,"to":"syslog+tls://logs.example.com"}`))
	if r, _ := s.receiver(); err != nil || r.address() != "logs.example.com:6514" || s.Buffer != defaultBuffer {
		data, _ := json.Marshal(s)
		t.Errorf("the receiver is %s, of %s", r.address(), data)
	}
}

// TestShip_idle: a receiver that closes what is idle, as fluentd does, is no trouble.
func TestShip_takes_the_end_of_an_idle_connection_for_no_trouble(t *testing.T) {
	r, to := fluentd(t, false)
	r.up()
	s := newSite(t, to)
	s.write("docker-web", 10)
	s.start()
	s.settled(r.count)
	r.down()
	r.up()
	for range 3 {
		s.write("docker-web", 10)
		s.settled(r.count)
	}
	if got, st := r.whole(s), s.status(); got.twice > 0 || st.Reason != "" {
		t.Errorf("%d lines came twice; the status is %+v", got.twice, st)
	}
}

func TestShip_sends_nothing_to_a_receiver_of_another_authority(t *testing.T) {
	for _, name := range []string{"rsyslog", "fluent+tls"} {
		t.Run(name, func(t *testing.T) {
			r, to := receivers[name](t)
			r.up()
			other := target{t: t, dir: t.TempDir()}
			other.certificate(time.Hour)
			to.CA = filepath.Join(other.dir, "cert.pem")
			s := newSite(t, to)
			s.write("docker-web", 10)
			s.start()
			await.True(t, "it says that the certificate is signed by another", func() bool { return strings.Contains(s.status().Reason, "unknown authority") })
			if n := r.count(); n > 0 {
				t.Errorf("%d lines have arrived", n)
			}
		})
	}
}
