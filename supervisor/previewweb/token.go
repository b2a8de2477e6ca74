package previewweb

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/report"
)

const tokenUsage = `usage: previewd token [--scope read|deploy|admin] [--password] [--access FILE] NAME
       previewd token --remove [--access FILE] NAME

Makes a token called NAME for previewd web and prints it, once: the file has its hash.
Programs send it as "Authorization: Bearer TOKEN"; a browser asks for a name, which may
be any, and takes it for the password.

  --scope SCOPE    read: look (unless it is said). deploy: also create, change and remove
                   previews, and set their variables. admin: also write repositories, and
                   variables of several previews
  --password       for people: NAME has the password that is read from standard input, and
                   no token
  --remove         NAME is no longer let in
  --access FILE    /etc/rundock/preview/access.json unless it is said

A previewd web that runs takes the change up by itself.

Exit codes: 0 done, 1 it could not be done, and why is said, 2 bad usage.

Examples:
  previewd token --scope deploy ci
  previewd token --scope admin --password ada
`

// accessPath is where the file is unless another one is named.
const accessPath = hostconfig.PreviewDir + "/access.json"

// Token is `previewd token`.
func Token(args []string) int {
	set := flag.NewFlagSet("previewd token", flag.ContinueOnError)
	scope := set.String("scope", string(access.Read), "")
	path := set.String("access", accessPath, "")
	password := set.Bool("password", false, "")
	remove := set.Bool("remove", false, "")
	names, code, done := report.Arguments(set, tokenUsage, args)
	if done {
		return code
	}
	err := access.Scope(*scope).Check()
	switch {
	case len(names) != 1:
		err = errors.New("want one NAME")
	case err == nil:
		err = access.CheckName(names[0])
	}
	if err != nil {
		return report.BadUsage(set.Name(), err.Error())
	}
	switch {
	case *remove:
		err = access.Remove(*path, names[0])
	case *password:
		var line string
		if line, err = readPassword(); err == nil {
			err = access.NewUser(*path, names[0], access.Scope(*scope), line)
		}
	default:
		var token string
		if token, err = access.NewToken(*path, names[0], access.Scope(*scope)); err == nil {
			fmt.Println(token)
		}
	}
	return said(set.Name(), err)
}

func readPassword() (string, error) {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if line == "" && err != nil {
		return "", errors.New("no password came by standard input")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func said(command string, err error) int {
	if err == nil {
		return report.ExitWell
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", command, err)
	return report.ExitUnknown
}

const keyUsage = `usage: previewd key [--key FILE]

Prints the half of the site's key that settings of previews are sealed by, for previewd
web --seal: that one seals them and cannot open them. Hosts that build have the key.

  --key FILE   the site's key; ` + hostconfig.PreviewKeyPath + ` unless it is said

Exit codes: 0 done, 1 it could not be done, and why is said, 2 bad usage.

Examples:
  previewd key >/etc/rundock/preview/seal.pub
`

// Key is `previewd key`.
func Key(args []string) int {
	set := flag.NewFlagSet("previewd key", flag.ContinueOnError)
	path := set.String("key", hostconfig.PreviewKeyPath, "")
	words, code, done := report.Arguments(set, keyUsage, args)
	if done {
		return code
	}
	if len(words) > 0 {
		return report.BadUsage(set.Name(), fmt.Sprintf("it takes no %q", words[0]))
	}
	data, err := os.ReadFile(*path)
	if err != nil {
		return said(set.Name(), err)
	}
	public, err := settings.PublicOf(data)
	if err != nil {
		return said(set.Name(), fmt.Errorf("%s: %w", *path, err))
	}
	fmt.Println(public)
	return report.ExitWell
}
