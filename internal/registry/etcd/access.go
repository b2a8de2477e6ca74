package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Access is who may do what. Users have no passwords: each is the common name of a
// client's certificate.
type Access struct {
	Enabled  bool
	Revision uint64              // grows with each change of users, roles and grants
	Users    map[string][]string // roles of each, sorted
	Roles    map[string][]Grant  // sorted by key
}

// A Grant is what a role may do with keys from Key up to End; with Key alone if
// End is empty. It may read, or write, or both.
type Grant struct {
	Key, End    string
	Read, Write bool
}

// Prefixed is the grant of all keys that begin with prefix: of all keys, for "".
func Prefixed(prefix string, read, write bool) Grant {
	if prefix == "" {
		return Grant{"\x00", "\x00", read, write}
	}
	return Grant{prefix, clientv3.GetPrefixRangeEnd(prefix), read, write}
}

func (g Grant) kind() clientv3.PermissionType {
	switch {
	case g.Read && g.Write:
		return clientv3.PermissionType(clientv3.PermReadWrite)
	case g.Write:
		return clientv3.PermissionType(clientv3.PermWrite)
	}
	return clientv3.PermissionType(clientv3.PermRead)
}

// AccessStatus is Access without users and roles, which is one question.
func (c *Cluster) AccessStatus(ctx context.Context) (a Access, err error) {
	err = c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		got, err := etcd.AuthStatus(ctx)
		if err == nil {
			a.Enabled, a.Revision = got.Enabled, got.AuthRevision
		}
		return err
	})
	return a, err
}

// Access asks for all of it. Each user and role is a write in etcd's log.
func (c *Cluster) Access(ctx context.Context) (a Access, err error) {
	if a, err = c.AccessStatus(ctx); err != nil {
		return a, err
	}
	a.Users, a.Roles = map[string][]string{}, map[string][]Grant{}
	var users, roles []string
	err = c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		got, err := etcd.UserList(ctx)
		if err != nil {
			return err
		}
		users = got.Users
		all, err := etcd.RoleList(ctx)
		if err == nil {
			roles = all.Roles
		}
		return err
	})
	for i := 0; i < len(users) && err == nil; i++ {
		err = c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
			got, err := etcd.UserGet(ctx, users[i])
			if err == nil {
				a.Users[users[i]] = slices.Sorted(slices.Values(got.Roles))
			}
			return err
		})
	}
	for i := 0; i < len(roles) && err == nil; i++ {
		err = c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
			got, err := etcd.RoleGet(ctx, roles[i])
			if err == nil {
				a.Roles[roles[i]] = grants(got.Perm)
			}
			return err
		})
	}
	return a, err
}

func grants(all []*authpb.Permission) (out []Grant) {
	for _, p := range all {
		kind := p.GetPermType()
		out = append(out, Grant{string(p.GetKey()), string(p.GetRangeEnd()), kind != authpb.Permission_WRITE, kind != authpb.Permission_READ})
	}
	return out
}

// AddUser, and all that follow, succeed where it is so already.
func (c *Cluster) AddUser(ctx context.Context, name string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.UserAddWithOptions(ctx, name, "", &clientv3.UserAddOptions{NoPassword: true})
		return unless(err, rpctypes.ErrUserAlreadyExist)
	})
}

// DeleteUser takes a user away, with what it may do.
func (c *Cluster) DeleteUser(ctx context.Context, name string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.UserDelete(ctx, name)
		return unless(err, rpctypes.ErrUserNotFound)
	})
}

// GiveRole has a user be of a role; TakeRole is its inverse.
func (c *Cluster) GiveRole(ctx context.Context, user, role string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.UserGrantRole(ctx, user, role)
		return err
	})
}

// TakeRole has a user be of a role no more.
func (c *Cluster) TakeRole(ctx context.Context, user, role string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.UserRevokeRole(ctx, user, role)
		return unless(err, rpctypes.ErrRoleNotGranted)
	})
}

// AddRole makes a role that may do nothing yet.
func (c *Cluster) AddRole(ctx context.Context, name string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.RoleAdd(ctx, name)
		return unless(err, rpctypes.ErrRoleAlreadyExist)
	})
}

// DeleteRole takes a role away, also from its users.
func (c *Cluster) DeleteRole(ctx context.Context, name string) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.RoleDelete(ctx, name)
		return unless(err, rpctypes.ErrRoleNotFound)
	})
}

// Allow gives a role a grant, in the place of another one of the same keys.
func (c *Cluster) Allow(ctx context.Context, role string, g Grant) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.RoleGrantPermission(ctx, role, g.Key, g.End, g.kind())
		return err
	})
}

// Forbid takes the grant of these keys from a role.
func (c *Cluster) Forbid(ctx context.Context, role string, g Grant) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.RoleRevokePermission(ctx, role, g.Key, g.End)
		return unless(err, rpctypes.ErrPermissionNotGranted)
	})
}

// Enforce has etcd ask who may do what; without on, nobody is asked any more.
func (c *Cluster) Enforce(ctx context.Context, on bool) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) (err error) {
		if on {
			_, err = etcd.AuthEnable(ctx)
		} else {
			_, err = etcd.AuthDisable(ctx)
		}
		return unless(err, rpctypes.ErrAuthNotEnabled)
	})
}

// Note returns the value of a key, and NoteDown writes it.
func (c *Cluster) Note(ctx context.Context, key string) (value []byte, err error) {
	err = c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		got, err := etcd.Get(ctx, key)
		if err == nil && len(got.Kvs) > 0 {
			value = got.Kvs[0].Value
		}
		return err
	})
	return value, err
}

// NoteDown writes a key, whatever it was.
func (c *Cluster) NoteDown(ctx context.Context, key string, value []byte) error {
	return c.doAccess(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.Put(ctx, key, string(value))
		return err
	})
}

// doAccess is an exchange about users and roles. That somebody else changed them
// meanwhile is no error: it is made again.
func (c *Cluster) doAccess(ctx context.Context, exchange func(context.Context, *clientv3.Client) error) (err error) {
	for range 5 {
		if err = c.ask(ctx, exchange); !errors.Is(err, rpctypes.ErrAuthOldRevision) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("users and roles: %w", err)
	}
	return nil
}

func unless(err, fine error) error {
	if errors.Is(rpctypes.Error(err), fine) {
		return nil
	}
	return err
}
