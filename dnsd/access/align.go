package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"rundock/internal/registry/etcd"
)

// noteKey has what was wanted last, and etcd's count of changes then: where both are
// the same, nobody has changed anything since, and nothing is asked for.
const noteKey = "/rundock/v1/access"

type note struct {
	Wanted   string `json:"wanted"` // its SHA-256
	Revision uint64 `json:"revision"`
}

// align has etcd know who may do what, and says what it did, a line each. With check it
// says what it would do.
func align(ctx context.Context, client *etcd.Cluster, w Wanted, check bool, out io.Writer) error {
	have, err := client.AccessStatus(ctx)
	if err != nil {
		return err
	}
	unchanged, err := noted(ctx, client, w, have.Revision)
	if err != nil {
		return err
	}
	if unchanged && (have.Enabled || !w.Enforce) {
		return nil
	}
	if have, err = client.Access(ctx); err != nil {
		return err
	}
	if err := carryOut(ctx, client, plan(have, w), check, out); err != nil {
		return err
	}
	if check {
		return nil
	}
	if have, err = client.AccessStatus(ctx); err != nil {
		return err
	}
	value, err := json.Marshal(note{w.sum(), have.Revision})
	if err != nil {
		return err
	}
	return client.NoteDown(ctx, noteKey, value)
}

// forget has etcd know hosts no more, and says what it did as align does. The next align
// finds that etcd has counted a change, and looks at all anew.
func forget(ctx context.Context, client *etcd.Cluster, gone []string, check bool, out io.Writer) error {
	have, err := client.Access(ctx)
	if err != nil {
		return err
	}
	return carryOut(ctx, client, forgetting(have, gone), check, out)
}

func carryOut(ctx context.Context, client *etcd.Cluster, ops []op, check bool, out io.Writer) error {
	for _, o := range ops {
		if check {
			fmt.Fprintln(out, "would have "+o.said())
			continue
		}
		if err := o.do(ctx, client); err != nil {
			return fmt.Errorf("%s: %w", o.said(), err)
		}
		fmt.Fprintln(out, o.said())
	}
	return nil
}

func noted(ctx context.Context, client *etcd.Cluster, w Wanted, revision uint64) (bool, error) {
	value, err := client.Note(ctx, noteKey)
	if err != nil || value == nil {
		return false, err
	}
	var n note
	if json.Unmarshal(value, &n) != nil {
		return false, nil // it is written anew
	}
	return n == note{w.sum(), revision}, nil
}

func (w Wanted) sum() string {
	w.Enforce = false                              // etcd itself says whether it does
	data, err := json.Marshal([]any{w, w.roles()}) // of which another release has others
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

func (o op) do(ctx context.Context, client *etcd.Cluster) error {
	switch o.kind {
	case addRole:
		return client.AddRole(ctx, o.role)
	case allow:
		return client.Allow(ctx, o.role, o.grant)
	case forbid:
		return client.Forbid(ctx, o.role, o.grant)
	case addUser:
		return client.AddUser(ctx, o.user)
	case giveRole:
		return client.GiveRole(ctx, o.user, o.role)
	case takeRole:
		return client.TakeRole(ctx, o.user, o.role)
	case deleteUser:
		return client.DeleteUser(ctx, o.user)
	case deleteRole:
		return client.DeleteRole(ctx, o.role)
	}
	return client.Enforce(ctx, true)
}

// release has etcd ask nobody any more. Users and roles stay, for the way back.
func release(ctx context.Context, client *etcd.Cluster, check bool, out io.Writer) error {
	have, err := client.AccessStatus(ctx)
	if err != nil || !have.Enabled {
		return err
	}
	if check {
		fmt.Fprintln(out, "would have etcd no longer ask who may do what")
		return nil
	}
	if err := client.Enforce(ctx, false); err != nil {
		return err
	}
	fmt.Fprintln(out, "etcd no longer asks who may do what")
	return nil
}

// show prints who may do what.
func show(ctx context.Context, client *etcd.Cluster, out io.Writer) error {
	have, err := client.Access(ctx)
	if err != nil {
		return err
	}
	asks := "etcd asks who may do what"
	if !have.Enabled {
		asks = "etcd asks nobody: all who reach it may do everything"
	}
	fmt.Fprintln(out, asks)
	return table(have, out)
}
