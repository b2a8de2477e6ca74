// Package mirror keeps a bare git repository for each repository of previews, and
// takes out of it what a commit holds. It runs the git command, which needs the
// memory of what it sends and no more, however large a repository is.
//
// What git is told by others is foreign: a repository's address, branches' names and
// all that is in its trees. So git gets an environment of its own, no configuration
// but what git.go says, protocols by a list, no hooks and no submodules; and trees are
// not checked out, which filters and attributes in them could act on, but read object
// by object and written below an os.Root.
//
// A folder of mirrors has, for each repository, NAME.git and NAME.lock, and known_hosts
// for all.
package mirror
