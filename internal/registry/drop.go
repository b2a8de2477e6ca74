package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Drop takes key away if it is of id, whatever its lease: it is for what a
// predecessor left to somebody who never held the key, and so cannot revoke
// it. It tries for 3 s; found says whether there was such a key. An error says
// that it may be there until its lease ends.
func (c *Client) Drop(ctx context.Context, key, id string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, cleanup)
	defer cancel()
	var retry backoff
	for {
		gone, err := c.dropOnce(ctx, key, id, &found)
		if gone {
			return found, nil
		}
		retry.wait(ctx, nil)
		if ctx.Err() == nil {
			continue
		}
		if err == nil {
			err = errors.New("it keeps changing")
		} else if errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("etcd: no answer within %s from %s", cleanup, strings.Join(c.endpoints, ","))
		}
		return found, fmt.Errorf("withdraw %s (it ends with its lease): %w", key, err)
	}
}

func (c *Client) dropOnce(ctx context.Context, key, id string, found *bool) (gone bool, err error) {
	now, err := c.Read(ctx, []string{key})
	if err != nil {
		return false, err
	}
	if !now[0].Exists || now[0].ID != id {
		return true, nil
	}
	*found = true
	return c.Swap(ctx, Swap{Key: key, Old: now[0].Value})
}
