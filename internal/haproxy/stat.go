package haproxy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Servers is a backend as HAProxy sees it.
type Servers struct {
	Slots    []Slot
	Sessions int   // current ones, with those that wait for a server
	Requests int64 // since HAProxy started
	Errors   int64 // of these, answered with 5xx by an instance, or by HAProxy because an instance did not answer
}

// Up is the number of slots whose status is exactly UP.
func (s Servers) Up() (n int) {
	for _, slot := range s.Slots {
		if slot.Status == "UP" {
			n++
		}
	}
	return n
}

// Failed is the number of checks that failed.
func (s Servers) Failed() (n int64) {
	for _, slot := range s.Slots {
		n += slot.Failed
	}
	return n
}

// Backends are all that HAProxy has, by name.
func (s Socket) Backends() (map[string]Servers, error) {
	answer, err := s.Ask("show stat -1 6 -1") // of all proxies the backends and servers
	if err != nil {
		return nil, err
	}
	all, err := parseStat(answer)
	if err != nil {
		return nil, fmt.Errorf("haproxy: show stat: %w", err)
	}
	return all, nil
}

// parseStat reads the CSV of show stat.
func parseStat(text string) (map[string]Servers, error) {
	rows := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# ")))
	rows.FieldsPerRecord = -1
	rows.LazyQuotes = true
	table, err := rows.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(table) == 0 {
		return nil, errors.New("it is empty")
	}
	column := map[string]int{}
	for i, name := range table[0] {
		column[name] = i
	}
	for _, name := range []string{"pxname", "svname", "type", "status", "addr", "scur", "qcur", "chkfail", "hrsp_1xx", "hrsp_5xx", "hrsp_other", "check_status", "last_chk"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("it has no column %s", name)
		}
	}
	all := map[string]Servers{}
	for _, row := range table[1:] {
		text := func(name string) string {
			if i := column[name]; i < len(row) {
				return row[i]
			}
			return ""
		}
		number := func(name string) int64 {
			n, _ := strconv.ParseInt(text(name), 10, 64) // a field that does not apply is empty
			return n
		}
		b := all[text("pxname")]
		switch text("type") {
		case "1":
			b.Sessions, b.Errors = int(number("scur")+number("qcur")), number("hrsp_5xx")
			for _, class := range []string{"1xx", "2xx", "3xx", "4xx", "5xx", "other"} {
				b.Requests += number("hrsp_" + class)
			}
		case "2":
			addr, _ := netip.ParseAddrPort(text("addr"))
			if addr == nowhere {
				addr = netip.AddrPort{}
			}
			b.Slots = append(b.Slots, Slot{
				text("svname"), addr, text("status"), int(number("scur") + number("qcur")), number("chkfail"),
				strings.TrimSpace(strings.TrimPrefix(text("check_status"), "* ") + " " + text("last_chk")), // *: one is under way
			})
		}
		all[text("pxname")] = b
	}
	return all, nil
}
