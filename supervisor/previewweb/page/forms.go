package page

import (
	"context"
	"net/url"

	"rundock/internal/preview"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/change"
)

// formAtMost is how much a form may have, in bytes.
const formAtMost = 128 << 10

// form is one that is sent: do returns the page that shows what came of it.
type form struct {
	scope access.Scope
	do    func(ctx context.Context, r *request) (to string, err error)
}

// doneWords is what people are told after a form, by the word in the page's address.
var doneWords = map[string]string{
	"create": "The preview was asked for: it is built and deployed now.",
	"deploy": "The newest commit is to be deployed.",
	"stop":   "The preview is to be stopped. It is kept.",
	"start":  "The preview is to be started.",
	"pin":    "The preview is pinned: it neither sleeps nor is removed by itself.",
	"unpin":  "The preview is pinned no longer.",
	"remove": "The preview is to be removed.",
	"set":    "The variable is set: previews that have it are deployed again.",
	"drop":   "The variable is taken away.",
	"repo":   "The repository is written.",
}

// forms are all, by their path.
func (p *Pages) forms() map[string]form {
	all := map[string]form{
		"/previews": {access.Deploy, p.create},
		"/previews/{name}/env": {access.Deploy, p.env(func(r *request) (settings.Scope, string) {
			return settings.OfPreview(r.PathValue("name")), "/previews/" + r.PathValue("name")
		})},
		"/repos/{repo}/env": {access.Admin, p.env(func(r *request) (settings.Scope, string) {
			return settings.OfRepo(r.PathValue("repo")), "/repos/" + r.PathValue("repo")
		})},
		"/env":   {access.Admin, p.env(func(*request) (settings.Scope, string) { return settings.Global, "/settings" })},
		"/repos": {access.Admin, p.putRepo},
	}
	pin := func(pinned bool) func(context.Context, change.Who, string) (preview.Wish, error) {
		return func(ctx context.Context, who change.Who, name string) (preview.Wish, error) {
			return p.Changer.Pin(ctx, who, name, pinned)
		}
	}
	for deed, do := range map[string]func(context.Context, change.Who, string) (preview.Wish, error){
		"deploy": p.Changer.Deploy, "stop": p.Changer.Stop, "start": p.Changer.Start, "remove": p.Changer.Remove, "pin": pin(true), "unpin": pin(false),
	} {
		all["/previews/{name}/"+deed] = form{access.Deploy, func(ctx context.Context, r *request) (string, error) {
			w, err := do(ctx, r.who(), r.PathValue("name"))
			if err != nil {
				return "", err
			}
			return "/previews/" + w.Name + "?done=" + deed, nil
		}}
	}
	return all
}

func (p *Pages) create(ctx context.Context, r *request) (string, error) {
	w, created, err := p.Changer.Create(ctx, r.who(), r.PostFormValue("repo"), r.PostFormValue("branch"), r.PostFormValue("name"))
	switch {
	case err != nil:
		return "", err
	case created:
		return "/previews/" + w.Name + "?done=create", nil
	}
	return "/previews/" + w.Name + "?done=deploy", nil
}

func (p *Pages) putRepo(ctx context.Context, r *request) (string, error) {
	repo := preview.Repo{Name: r.PostFormValue("repo"), URL: r.PostFormValue("url")}
	if known, ok := p.Book.Repo(repo.Name); ok {
		known.URL = repo.URL // all else is for the API
		repo = known
	}
	if err := p.Changer.PutRepo(ctx, r.who(), repo); err != nil {
		return "", err
	}
	return "/repos/" + repo.Name + "?done=repo", nil
}

// env sets or drops a variable of what of says.
func (p *Pages) env(of func(*request) (settings.Scope, string)) func(context.Context, *request) (string, error) {
	return func(ctx context.Context, r *request) (string, error) {
		scope, back := of(r)
		if err := p.there(r); err != nil {
			return "", err
		}
		name, did := r.PostFormValue("variable"), "set"
		var err error
		if r.PostFormValue("do") == "drop" {
			did, err = "drop", p.Changer.DropEnv(ctx, r.who(), scope, name)
		} else {
			err = p.Changer.PutEnv(ctx, r.who(), scope, name, r.PostFormValue("value"))
		}
		return back + "?done=" + url.QueryEscape(did) + "#settings", err
	}
}

// there says that there is no preview, or no repository, of the name that the request's path has.
func (p *Pages) there(r *request) error {
	if name := r.PathValue("name"); name != "" {
		_, err := p.known(r)
		return err
	}
	if name := r.PathValue("repo"); name != "" {
		if _, ok := p.Book.Repo(name); !ok {
			return noneOf("repository", name)
		}
	}
	return nil
}
