package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
)

const (
	previewPort = "8089"
	pagePort    = "9155"
	logsPort    = 9159
	gitKey      = "/etc/rundock/preview/git.key"
)

// previewing is an inventory, beside the lab's, in which the back hosts build previews, one of them has
// the page, and the front host takes their requests; vars are variables of all hosts.
func previewing(t *testing.T, vars string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "previews.yml")
	text := fmt.Sprintf("all: {vars: {"+vars+"}}\nrundock_preview: {hosts: {%s: , %s: }, vars: {rundock_preview_build_memory: 256, rundock_preview_takeover: 20s}}\nrundock_preview_front: {hosts: {%s: }, vars: {rundock_preview_http: ':%s'}}\n"+
		"rundock_preview_web: {hosts: {%s: }, vars: {rundock_preview_web_listen: '{{ rundock_private_address }}:%s'}}\n", back1, back2, front, previewPort, back1, pagePort)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runSite runs site.yml.
func (s *setup) runSite(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.playbook(append(args, "playbooks/site.yml")...)
	if err != nil {
		t.Fatalf("site.yml: %v\n%s", err, out)
	}
	return out
}

// page makes a call of the page's API and returns what it answers.
func (s *setup) page(token, method, path, body string) (string, error) {
	q, err := http.NewRequest(method, "http://"+s.Addr(back1).String()+":"+pagePort+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	q.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Timeout: 20 * time.Second}
	answer, err := client.Do(q)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, text)
	}
	return string(text), err
}

// pageHas reads what the page has at path into a value.
func (s *setup) pageHas(token, path string, into any) (said string, err error) {
	if said, err = s.page(token, "GET", path, ""); err == nil {
		err = json.Unmarshal([]byte(said), into)
	}
	return said, err
}

// withPage has site.yml install previews with their page, of which it says how people are let in, and returns a
// token for it. The site has certificates, and the back hosts keep no etcd.
func (s *setup) withPage(t *testing.T) (token string) {
	t.Helper()
	inventory := previewing(t, "rundock_trust: true")
	s.runSite(t, "-i", inventory, "--check")
	if out := s.runSite(t, "-i", inventory); !strings.Contains(out, "previewd token --scope admin NAME") {
		t.Errorf("site.yml does not say how people are let in:\n%s", out)
	}
	own := s.Addr(back1).String() + ":" + pagePort
	if got, err := s.try(back1, "curl -sS -o /dev/null -w '%{http_code}' --max-time 20 http://127.0.0.1:"+pagePort+"/; ! curl -sS -o /dev/null --max-time 20 http://"+own+"/ 2>/dev/null"); err != nil || got != "200" {
		t.Errorf("without a token the page answers %q on loopback, want 200, and none at %s: %v", got, own, err)
	}
	for host, role := range map[string]string{front: "preview:router", back1: "preview:builder, preview:page", back2: "preview:builder"} {
		if said := s.sh(t, front, "dnsd access"); !regexp.MustCompile(`(?m)^host:` + host + ` .*, ` + role + `$`).MatchString(said) {
			t.Errorf("%s is to have the roles %s, and etcd has\n%s", host, role, said)
		}
	}
	token = s.sh(t, back1, "previewd token --scope admin e2e")
	await.Empty(t, "the page listens, now that somebody is let in", func() string {
		out, err := s.try(back1, "curl -sS -o /dev/null --max-time 20 http://"+own+"/")
		if err != nil {
			return out + err.Error()
		}
		return ""
	})
	if got := s.sh(t, back1, "curl -sS -o /dev/null -w '%{http_code}' http://"+own+"/; curl -sS -o /dev/null -w ' %{http_code}' -u e2e:"+token+" http://"+own+"/"); got != "401 200" {
		t.Errorf("without and with a token the page answers %q", got)
	}
	if got, want := s.sh(t, back1, "ps -o user:20= -C previewd | sort | uniq -c | tr -s ' \n' ' '; cd /var/lib/rundock/preview && stat -c '%U:%G:%a' web logs /etc/rundock/preview /etc/rundock/preview/access.json | tr '\n' ' '"),
		"1 root 1 rundock-preview rundock-preview:rundock-preview:700 root:rundock-preview:2750 root:rundock-preview:750 root:rundock-preview:640"; got != want {
		t.Errorf("users of previewd, and the page's folders and file, are %q, want %q", got, want)
	}
	out := s.runSite(t, "-i", inventory)
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); strings.Count(recap, "changed=0 ") != 3 {
		t.Errorf("a run that has nothing to do: want changed=0 on 3 hosts:\n%s", out)
	}
	return token
}

// repository has the repository shop.
func (s *setup) repository(t *testing.T, token string) {
	t.Helper()
	s.gitAt(t, token, "shop", "akira", 10)
	s.sh(t, back1, `cd /srv/shop
cp "$(command -v busybox)" busybox && chmod 755 busybox
printf 'FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\nCOPY index.html /www/index.html\nCMD ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]\n' >Dockerfile
cat >reach <<'END'
busybox nslookup registry.`+zone+` `+s.Addr(front).String()+` >/dev/null || { echo no DNS; exit 1; }
for to in `+strings.Join(s.closedToForeignCode(), " ")+`; do
	if busybox nc -w 3 ${to%:*} ${to#*:} </dev/null; then echo reached $to; exit 1; fi
done
END
printf 'COPY reach /reach\nRUN sh /reach\n' >>Dockerfile
printf 'services:\n  web: {build: ., stop_grace_period: 1s, ports: ["80:8080"]}\n  db: {build: ., stop_grace_period: 1s}\n' >compose.yaml`)
}

// gitAt has an empty repository on a back host, /srv/NAME.git with the working tree /srv/NAME, which builders and the page read by
// ssh, and tells the page of it; poll is as the page takes it.
func (s *setup) gitAt(t *testing.T, token, name, branch string, poll int) {
	t.Helper()
	s.sh(t, back1, "rm -rf /srv/"+name+" /srv/"+name+".git "+gitKey+"*; ssh-keygen -q -t ed25519 -N '' -C preview-test -f "+gitKey+`
mkdir -p /root/.ssh && cat `+gitKey+`.pub >>/root/.ssh/authorized_keys
git init -q --bare /srv/`+name+`.git && git init -q -b `+branch+` /srv/`+name+` && cd /srv/`+name+` && git config user.email a@example.com && git config user.name A && git remote add origin /srv/`+name+`.git`)
	key := s.sh(t, back1, "base64 -w 0 "+gitKey)
	s.sh(t, back1, "chown rundock-preview: "+gitKey) // ssh as root takes another user's key as well
	s.sh(t, back2, "mkdir -p /etc/rundock/preview; umask 077; echo "+key+" | base64 -d >"+gitKey)
	t.Cleanup(func() {
		s.sh(t, back1, "rm -rf /srv/"+name+" /srv/"+name+".git /etc/rundock/preview; sed -i '/preview-test$/d' /root/.ssh/authorized_keys")
		s.sh(t, back2, "rm -rf /etc/rundock/preview")
	})
	body := fmt.Sprintf(`{"url": "ssh://root@%s/srv/%s.git", "key": "%s", "poll": %d}`, s.Addr(back1), name, gitKey, poll)
	if _, err := s.page(token, "PUT", "/api/v1/repos/"+name, body); err != nil {
		t.Fatal(err)
	}
}

// closedToForeignCode are what neither steps of builds nor previews are to reach, as ADDRESS:PORT.
func (s *setup) closedToForeignCode() []string {
	return []string{s.at(front, 2379), s.at(front, 5000), s.at(front, 22), s.at(back1, 22), s.at(back2, 22), s.Addr(front).String() + ":" + previewPort, s.Addr(back1).String() + ":" + pagePort, s.at(back2, logsPort)}
}

// confine holds what docs/security.md says of a preview's container, and of the ports of previews.
func (s *setup) confine(t *testing.T) {
	t.Helper()
	host, other := back1, back2
	name := s.sh(t, back1, "docker ps --format '{{.Names}}' | grep ^preview-akira-web || true")
	if name == "" {
		host, other = back2, back1
		name = s.sh(t, back2, "docker ps --format '{{.Names}}' | grep ^preview-akira-web")
	}
	// Beside its containers, what another preview is there, and a process of the host's own.
	s.sh(t, other, "for port in 21777 7777; do setsid python3 -m http.server --bind "+s.Addr(other).String()+" $port >/dev/null 2>&1 & echo $! >>/run/own.pids; done")
	t.Cleanup(func() { s.sh(t, other, "kill $(cat /run/own.pids 2>/dev/null) 2>/dev/null; rm -f /run/own.pids") }) // it may have booted since
	i := s.intruders()
	i.hold(t, []access{{who: "a host with a router", host: front, to: s.at(other, 21777), can: true}, {who: "another host", host: host, to: s.at(other, 7777), can: true}, {who: "a host with the page", host: back1, to: s.at(back2, logsPort), can: true}})
	claims := []access{
		{who: "another host", what: "a preview", host: host, to: s.at(other, 21777)},
		{who: "a machine beside", what: "a preview", to: s.at(other, 21777)},
		{who: "a machine beside", what: "logs of previews", to: s.at(back2, logsPort)},
		{who: "a host without the page", what: "logs of previews", host: front, to: s.at(back2, logsPort)},
		{who: "a preview", what: "another", host: host, inside: name, to: s.at(other, 21777)},
		{who: "a preview", what: "whatever another host has", host: host, inside: name, to: s.at(other, 7777)},
		{who: "a preview", what: "DNS by TCP", host: host, inside: name, to: s.at(host, 53), can: true},
		{who: "a preview", what: "DNS of another host by TCP", host: host, inside: name, to: s.at(other, 53), can: true},
	}
	for _, to := range s.closedToForeignCode() {
		claims = append(claims, access{who: "a preview", host: host, inside: name, to: to})
	}
	i.hold(t, claims)
}

// slot is an instance of a preview's service, as the page has it.
type slot struct{ Name, Host string }

// container is its name for Docker.
func (c slot) container() string { return "preview-akira-" + strings.Replace(c.Name, ".", "-", 1) }

// akiras are the slots of the services db and web of akira.
func (s *setup) akiras(t *testing.T, token string) (db, web slot) {
	t.Helper()
	var all struct{ Containers []slot }
	said, err := s.pageHas(token, "/api/v1/previews/akira/containers", &all)
	if err != nil || len(all.Containers) != 2 || !strings.HasPrefix(all.Containers[1].Name, "web") {
		t.Fatalf("akira's containers are %s, %v", said, err)
	}
	return all.Containers[0], all.Containers[1]
}

// hasItsOwn holds that a preview's names are its own: that of a service that the site has as well, too.
func (s *setup) hasItsOwn(t *testing.T, token string) {
	t.Helper()
	s.install(t, front, "state=enabled name=db image="+images+"influxdb:latest announce=8087 port=8086 wait=announced")
	defer s.absent(t, front, "db")
	if got, want := s.dig(t, back1, "db."+zone), s.Addr(front).String(); got != want {
		t.Errorf("the site's db is at %s, want %s", got, want)
	}
	db, web := s.akiras(t, token)
	own := s.sh(t, db.Host, "docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "+db.container())
	if got := s.sh(t, web.Host, "docker exec "+web.container()+" /bin/busybox nslookup db"); own == "" || !strings.Contains(got, own) || strings.Contains(got, s.Addr(front).String()) {
		t.Errorf("db of akira, which is at %s, is for its web server\n%s", own, got)
	}
}

// readsLogs reads by the page what akira's container says, and the log of its build, wherever they are.
func (s *setup) readsLogs(t *testing.T, token string) {
	t.Helper()
	asks := "cd /etc/rundock/pki && curl -sS -o /dev/null -w '%{http_code} ' --max-time 20 https://" + s.at(back2, logsPort) + "/build/akira --cacert ca.crt "
	if got := s.sh(t, back1, strings.Replace(asks, "&& curl", "&& setpriv --reuid rundock-preview --regid rundock-preview --init-groups curl", 1)+"--cert preview-page.crt --key preview-page.key; "+asks+"--cert host.crt --key host.key; "+asks+" 2>/dev/null || true"); got != "200 403 000" {
		t.Errorf("for its page, root of its page's host, and who has no certificate the builder of %s answers %q", back2, got)
	}
	_, c := s.akiras(t, token)
	s.sh(t, c.Host, "docker exec "+c.container()+" /bin/sh -c 'echo hello from akira >/proc/1/fd/1'")
	for path, want := range map[string]string{"/containers/" + c.Name + "/log": "hello from akira", "/log": "Step 1/"} {
		await.Empty(t, "the page has "+want+" of "+c.Host, func() string {
			if said, err := s.page(token, "GET", "/api/v1/previews/akira"+path, ""); err != nil || !strings.Contains(said, want) {
				return fmt.Sprint(said, err)
			}
			return ""
		})
	}
}

func (s *setup) pushPage(t *testing.T, text string) {
	t.Helper()
	s.sh(t, back1, "cd /srv/shop && echo "+text+" >index.html && git add -A && git commit -q -m work && git push -q origin akira")
}

// preview asks the router for a preview's page.
func (s *setup) preview(client *http.Client, name string) (string, error) {
	q, err := http.NewRequest("GET", "http://"+s.Addr(front).String()+":"+previewPort+"/", nil)
	if err != nil {
		return "", err
	}
	q.Host = name + ".y.prod.example.com"
	answer, err := client.Do(q)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", answer.Status, body)
	}
	return strings.TrimSpace(string(body)), err
}

// takesOver takes the power from a builder for good: another one makes its preview, and it has nothing of that when it is
// back after all.
func (s *setup) takesOver(t *testing.T, token string, client *http.Client) {
	t.Helper()
	// It has the host that has fewer, without the repository and the page. Its build tries nothing else.
	s.sh(t, back1, "cd /srv/shop && git switch -q -c kaneda && sed -i /reach/d Dockerfile && echo kaneda >index.html && git commit -q -a -m work && git push -q origin kaneda && git switch -q akira")
	if _, err := s.page(token, "POST", "/api/v1/previews", `{"repo": "shop", "branch": "kaneda"}`); err != nil {
		t.Fatal(err)
	}
	readyOn := func(host string) {
		t.Helper()
		await.Empty(t, "kaneda is ready on "+host, func() string {
			text, err := s.preview(client, "kaneda")
			var kaneda struct{ State, Builder string }
			said, wrong := s.pageHas(token, "/api/v1/previews/kaneda", &kaneda)
			if err != nil || wrong != nil || text != "kaneda" || kaneda.State != string(preview.Ready) || kaneda.Builder != host {
				return fmt.Sprintf("it serves %q, %v; the page has %s, %v", text, err, said, wrong)
			}
			return ""
		})
	}
	readyOn(back2)
	if err := s.Stop(back2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Start(context.Background(), back2) }) // where the test fails before it does
	readyOn(back1)
	if text, err := s.preview(client, "akira"); err != nil || text != "two" {
		t.Errorf("meanwhile akira serves %q, %v", text, err)
	}
	if err := s.Start(t.Context(), back2); err != nil {
		t.Fatal(err)
	}
	await.Empty(t, "the host that is back has nothing of kaneda", func() string { return s.previewOn(t, back2, "kaneda") })
	readyOn(back1)
	if _, err := s.page(token, "DELETE", "/api/v1/previews/kaneda", ""); err != nil {
		t.Error(err)
	}
}

// previewLeft is what hosts and the store have of a preview.
func (s *setup) previewLeft(t *testing.T, name string) string {
	t.Helper()
	var all []string
	for _, host := range []string{back1, back2} {
		all = append(all, s.previewOn(t, host, name))
	}
	all = append(all, s.sh(t, front, etcdctl+"get / --prefix --keys-only | grep "+name+" | grep -v /event/; true"))
	return strings.TrimSpace(strings.Join(all, "\n"))
}

// previewOn is what a host has of a preview.
func (s *setup) previewOn(t *testing.T, host, name string) string {
	t.Helper()
	return s.sh(t, host, `docker ps -a --format '{{.Names}}' | grep preview-`+name+`; docker network ls --format '{{.Name}}' | grep preview-`+name+`; docker images --format '{{.Repository}}' | grep preview-`+name+`
docker volume ls -q | grep preview-`+name+`; ls -d /etc/sv/*preview-`+name+`* /var/log/*preview-`+name+`* /var/lib/rundock/preview/*/`+name+`* 2>/dev/null; true`)
}

// withoutPreviews has site.yml make the lab as it was.
func (s *setup) withoutPreviews(t *testing.T) {
	t.Helper()
	if out, err := s.playbook("playbooks/site.yml"); err != nil {
		t.Errorf("without previews: %v\n%s", err, out)
	}
	for _, host := range []string{front, back1, back2} {
		if s.Plain { // it has no certificates otherwise
			s.sh(t, host, "rm -rf /etc/rundock/pki /etc/rundock/ca")
		}
		if left := s.sh(t, host, "ls -d /etc/sv/previewd-* 2>/dev/null; pgrep -a previewd; true"); left != "" {
			t.Errorf("%s has %s yet", host, left)
		}
	}
}

// TestPreviews is a branch from its push to nothing: site.yml makes builders, a page and a router, the page is asked
// for a preview by its API, whose build and containers reach of the site DNS alone, a push is deployed under load without a failed
// request, a builder that is gone for good has another one take over, and all of it goes.
func TestPreviews(t *testing.T) {
	s := need(t)
	t.Cleanup(func() { s.withoutPreviews(t) })
	token := s.withPage(t)
	keys := s.sh(t, back1, "sha256sum </etc/rundock/preview.key; stat -c '%a %s' /etc/rundock/preview.key") + "\n" + s.sh(t, back2, "sha256sum </etc/rundock/preview.key")
	if lines := strings.Split(keys, "\n"); len(lines) != 3 || lines[0] != lines[2] || lines[1] != "600 32" {
		t.Errorf("the builders' keys are %q", lines)
	}
	s.repository(t, token)
	s.pushPage(t, "one")
	await.Empty(t, "the page takes akira", func() string {
		if _, err := s.page(token, "POST", "/api/v1/previews", `{"repo": "shop", "branch": "akira"}`); err != nil {
			return err.Error()
		}
		return ""
	})
	client := &http.Client{Timeout: 20 * time.Second}
	serves := func(text string) {
		t.Helper()
		await.Empty(t, "akira serves "+text, func() string {
			if got, err := s.preview(client, "akira"); err != nil || got != text {
				return fmt.Sprintf("%q, %v; %s", got, err, s.sh(t, front, etcdctl+"get /rundock/v1/preview/state/ --prefix"))
			}
			return ""
		})
	}
	serves("one")
	await.Empty(t, "the page says that akira is ready", func() string {
		var akira struct{ State string }
		said, err := s.pageHas(token, "/api/v1/previews/akira", &akira)
		if err != nil || akira.State != string(preview.Ready) {
			return fmt.Sprintf("%q: %v", said, err)
		}
		return ""
	})

	s.confine(t)
	s.readsLogs(t, token)
	s.hasItsOwn(t, token)

	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, done: map[string]int{}}
	t.Cleanup(func() { stop(); l.clients.Wait() })
	for what, each := range map[string]*http.Client{
		"preview on a kept connection":  {Timeout: 20 * time.Second, Transport: &http.Transport{}},
		"preview on a fresh connection": {Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	} {
		l.repeat(ctx, what, func() error { _, err := s.preview(each, "akira"); return err })
	}
	s.pushPage(t, "two")
	serves("two")
	time.Sleep(10 * time.Second) // the old one has stopped by then
	l.nothingMissed(t)

	s.takesOver(t, token, client)
	if _, err := s.page(token, "DELETE", "/api/v1/previews/akira", ""); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"akira", "kaneda"} {
		await.Empty(t, "nothing is left", func() string { return s.previewLeft(t, name) })
	}
	s.sh(t, front, etcdctl+"del /rundock/v1/preview/repo/ --prefix")
}
