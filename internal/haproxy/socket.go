package haproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Socket is the path of a HAProxy's runtime socket.
type Socket string

// socketPatience bounds one command.
const socketPatience = 5 * time.Second

// Ask returns the answer to one command. The error names socket and command.
func (s Socket) Ask(command string) (string, error) {
	answer, err := s.ask(command)
	if err != nil {
		return "", fmt.Errorf("haproxy: %s: %w", firstLine(command), err)
	}
	if strings.HasPrefix(answer, "Unknown command") || strings.HasPrefix(answer, "Permission denied") {
		return "", fmt.Errorf("haproxy: %s: %s", firstLine(command), firstLine(answer))
	}
	return answer, nil
}

func (s Socket) ask(command string) (string, error) {
	conn, err := net.DialTimeout("unix", string(s), socketPatience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(socketPatience))
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && len(answer) == 0 {
		err = errors.New("it closed the connection without an answer")
	}
	return strings.TrimSpace(string(answer)), err
}

// Do gives commands that change something, in order. The first that HAProxy
// refuses ends it.
func (s Socket) Do(commands []string) error {
	for _, c := range commands {
		answer, err := s.Ask(c)
		if err != nil {
			return err
		}
		// An address is confirmed in words; all else by silence.
		if answer != "" && !strings.Contains(answer, "changed from") && !strings.Contains(answer, "no need to change") && !strings.HasPrefix(answer, "nothing changed") {
			return fmt.Errorf("haproxy: %s: %s", firstLine(c), firstLine(answer))
		}
	}
	return nil
}

// Info is what a HAProxy says of itself.
type Info struct {
	PID         int
	Version     string
	Description string
}

// Info asks for it.
func (s Socket) Info() (i Info, err error) {
	answer, err := s.Ask("show info")
	if err != nil {
		return i, err
	}
	for line := range strings.Lines(answer) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch field {
		case "Pid":
			i.PID, _ = strconv.Atoi(value)
		case "Version":
			i.Version = value
		case "description":
			i.Description = value
		}
	}
	if i.PID == 0 {
		return i, fmt.Errorf("haproxy: show info: it says no pid: %s", firstLine(answer))
	}
	return i, nil
}

// Entries are those of a map that HAProxy has loaded.
func (s Socket) Entries(path string) (all []Entry, err error) {
	answer, err := s.Ask("show map " + path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(answer) {
		f := strings.Fields(line)
		if len(f) != 3 || !strings.HasPrefix(f[0], "0x") {
			return nil, fmt.Errorf("haproxy: show map %s: %s", path, firstLine(answer))
		}
		all = append(all, Entry{f[1], f[2]})
	}
	return all, nil
}

// Routes are those of the maps that HAProxy has loaded.
func (s Socket) Routes(site Site) (map[string]Route, error) {
	routes, err := s.Entries(site.routes())
	if err != nil {
		return nil, err
	}
	shares, err := s.Entries(site.shares())
	if err != nil {
		return nil, err
	}
	return RoutesOf(routes, shares), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
