package change

import (
	"cmp"
	"context"
	"strings"

	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
)

// PutEnv sets a variable of a scope. No error and no event has the value.
func (c *Changer) PutEnv(ctx context.Context, who Who, scope settings.Scope, name, value string) error {
	err := c.env(ctx, scope, func(s settings.Set) (settings.Set, error) {
		after, err := s.Put(c.Public, scope, name, value)
		if err != nil {
			return s, Bad("%v", err)
		}
		return after, nil
	})
	if err == nil {
		c.note(ctx, who, previewOf(scope), "set %s of %s", name, scope)
	}
	return err
}

// DropEnv takes a variable away.
func (c *Changer) DropEnv(ctx context.Context, who Who, scope settings.Scope, name string) error {
	err := c.env(ctx, scope, func(s settings.Set) (settings.Set, error) {
		if _, ok := s.Values[name]; !ok {
			return s, fail(ErrNone, "setting %q of %s: it is not set", name, scope)
		}
		return s.Drop(name), nil
	})
	if err == nil {
		c.note(ctx, who, previewOf(scope), "remove %s of %s", name, scope)
	}
	return err
}

// previewOf is the preview that a scope is of; "": it is of several.
func previewOf(scope settings.Scope) string {
	if name, ok := strings.CutPrefix(scope.String(), "preview/"); ok {
		return name
	}
	return ""
}

// env changes a set, once more where others were faster.
func (c *Changer) env(ctx context.Context, scope settings.Scope, change func(settings.Set) (settings.Set, error)) error {
	var after settings.Set
	var refused error // is nothing to try again
	err := ledger.Insist(ctx, "settings of "+scope.String(), func() (bool, error) {
		found, err := c.Ledger.Store.Read(ctx, []string{scope.Key()})
		if err != nil {
			return false, err
		}
		var raw []byte
		if found[0].Exists {
			raw = found[0].Value
		}
		before, err := settings.Parse(raw)
		if err != nil {
			return false, err
		}
		if after, refused = change(before); refused != nil {
			return true, nil
		}
		return c.Ledger.Store.Swap(ctx, registry.Swap{Key: scope.Key(), Old: raw, New: after.JSON()})
	})
	if err == nil && refused == nil {
		c.shown(ctx, func() bool { _, revision := c.Book.Settings(scope); return revision >= after.Revision })
	}
	return cmp.Or(err, refused)
}
