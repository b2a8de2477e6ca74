package service

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/runit"
	"rundock/supervisor/report"
	"rundock/supervisor/report/reporttest"
)

// situation is what the facts of a golden file are merged into: a service
// that is well, with all that explain finds out.
type situation struct {
	Host    hostFacts
	Service serviceFacts
}

func wellSituation() situation {
	now := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	began := now.Add(-3*time.Hour - 5*time.Minute)
	const id, spec, machine = "b88572d32b53d6a1e5c9f00d4c1b2a3948576655b88572d32b53d6a1e5c9f00d", "5f1c", "4c4c4544"
	record := control.Record{Key: "/skydns/com/example/prod/s/influxdb/node-1", Name: "node-1.influxdb.s.prod.example.com", Host: "10.0.0.7", Port: 8086}
	up := func(pid int) supervised {
		return supervised{Supervised: true, Status: runit.Status{Since: began, PID: pid, State: runit.Run}}
	}
	return situation{
		Host: hostFacts{
			Now: now, Root: true, Host: "node-1", Zone: "s.prod.example.com", MachineID: machine,
			Service: "/etc/service", Scanned: true, Endpoints: []string{"http://10.0.0.5:2379"}, Resolver: "127.0.0.1",
		},
		Service: serviceFacts{
			Name: "influxdb", Dir: "/etc/sv/docker-influxdb",
			Installed: true, Ours: true, Runs: true, Announced: true, Enabled: true,
			Image: "registry.s.prod.example.com:5000/influxdb:latest", Hash: spec,
			Outer: up(807), Runner: up(812), Sidecar: up(816),
			RunnerStatus:  control.RunnerStatus{Service: "influxdb", PID: 812, Phase: control.Running, Container: id, Image: "sha256:77aa", Spec: spec, Wanted: spec, Started: began, Since: began},
			RunnerAlive:   true,
			SidecarStatus: control.AnnounceStatus{Service: "influxdb", PID: 816, State: control.Announced, Container: id, Records: []control.Record{record}, Since: began.Add(time.Second)},
			SidecarAlive:  true,
			Container: container.State{
				Exists: true, Running: true, ID: id, Name: "influxdb", Image: "sha256:77aa", Health: "healthy", HealthLog: "pong\n",
				Labels:    map[string]string{container.LabelService: "influxdb", container.LabelSpec: spec, container.LabelAddresses: "PRIVATE_IP=10.0.0.7", container.LabelResolver: "10.0.0.7"},
				Resolvers: []string{"10.0.0.7"},
				Addresses: map[string]netip.Addr{"bridge": netip.MustParseAddr("172.17.0.3")}, StartedAt: began,
			},
			Records: []recordFacts{{
				Found: registry.Found{Key: record.Key, Exists: true, Value: []byte(`{"host":"10.0.0.7","port":8086}`), ID: machine + "/influxdb", Lease: "4d"},
				Left:  13 * time.Second,
			}},
			Deep: true, FileCount: 11, Origins: container.Origins{Addresses: "PRIVATE_IP=10.0.0.7", Resolver: "10.0.0.7"}, Resolvers: []string{"10.0.0.7"}, TagMeans: "sha256:77aa",
			Others: []otherFacts{{Name: "node-2", At: "10.0.0.8:8086"}},
			Checks: []announce.Trial{{Port: "8086", What: "HEALTHCHECK"}},
			Answers: []answerFacts{
				{Name: record.Name, Addresses: []string{"10.0.0.7"}, Ports: []int{8086}},
				{Name: "influxdb.s.prod.example.com", Addresses: []string{"10.0.0.7", "10.0.0.8"}, Ports: []int{8086}},
			},
			LastLog: []string{"influxdb listening on :8083 :8086"},
		},
	}
}

// shallow is what status knows of a service that explain was asked about.
func shallow(s serviceFacts) serviceFacts {
	s.Namesake = ""
	s.Deep, s.AnonymousVolumes, s.Checks, s.Answers, s.LastLog, s.TagMeans, s.Others, s.Balancers = false, nil, nil, nil, nil, "", nil, nil
	s.Records = slices.Clone(s.Records)
	for i := range s.Records {
		s.Records[i].Left = 0
	}
	s.Unwanted = slices.Clone(s.Unwanted)
	for i := range s.Unwanted {
		s.Unwanted[i].Left = 0
	}
	return s
}

// TestSituations compares what status and explain say with testdata/situations: the
// file facts holds what differs from a service that is well.
func TestSituations(t *testing.T) {
	reporttest.Situations(t, "testdata/situations", func(t *testing.T, facts []byte, withJSON bool) *txtar.Archive {
		now := wellSituation()
		now.Service.forget(t, facts)
		reporttest.Merge(t, facts, &now)
		return tell(now, withJSON)
	})
}

// forget empties the lists that facts has: encoding/json would merge them.
func (s *serviceFacts) forget(t *testing.T, facts []byte) {
	var given struct {
		Service struct{ Records, Answers, Checks, LastLog, Others json.RawMessage }
	}
	if err := json.Unmarshal(facts, &given); err != nil {
		t.Fatalf("facts: %v", err)
	}
	if given.Service.Records != nil {
		s.Records = nil
	}
	if given.Service.Answers != nil {
		s.Answers = nil
	}
	if given.Service.Checks != nil {
		s.Checks = nil
	}
	if given.Service.Others != nil {
		s.Others = nil
	}
	if given.Service.LastLog != nil {
		s.LastLog = nil
	}
}

func tell(now situation, withJSON bool) *txtar.Archive {
	doc := statusOf(now.Host, []serviceFacts{shallow(now.Service)})
	told := storyOf(now.Host, now.Service)
	a := &txtar.Archive{Files: []txtar.File{
		{Name: fmt.Sprintf("status exits with %d", doc.exitCode(nil)), Data: []byte(doc.table() + doc.remarks())},
		{Name: fmt.Sprintf("explain exits with %d", report.ExitCode(told.Service.Verdict)), Data: []byte(told.text())},
	}}
	if withJSON {
		for _, doc := range []struct {
			name string
			v    any
		}{{"status.json", doc}, {"explain.json", told}} {
			data, err := json.MarshalIndent(doc.v, "", "  ")
			if err != nil {
				data = []byte(err.Error())
			}
			a.Files = append(a.Files, txtar.File{Name: doc.name, Data: append(data, '\n')})
		}
	}
	return a
}
