package change

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/preview/mirror"
	"rundock/supervisor/previewweb/known"
)

// freshFor is how long what a repository said of its branches counts, for people who choose one.
const freshFor = 10 * time.Second

// Branches are those of repositories, which are asked by git.
type Branches struct {
	book    *known.Book
	folder  mirror.Folder
	mu      sync.Mutex
	asked   map[string]*answer // by repository
	asking  map[string]*sync.Mutex
	running chan struct{} // of gits, a token each
}

type answer struct {
	from  mirror.Source
	at    time.Time
	heads map[string]string
}

// gitsAtMost is how many repositories are asked at a time.
const gitsAtMost = 4

// NewBranches asks repositories of book from the folder dir, each with patience.
func NewBranches(book *known.Book, dir string, patience time.Duration) *Branches {
	return &Branches{
		book: book, folder: mirror.Folder{Path: dir, Patience: patience},
		asked: map[string]*answer{}, asking: map[string]*sync.Mutex{}, running: make(chan struct{}, gitsAtMost),
	}
}

// Branch is one of a repository.
type Branch struct {
	Name   string `json:"branch"`
	Commit string `json:"commit" doc:"its newest"`
}

// List are the branches of a repository, by name.
func (b *Branches) List(ctx context.Context, repo string) ([]Branch, error) {
	heads, err := b.heads(ctx, repo, freshFor)
	if err != nil {
		return nil, err
	}
	all := []Branch{}
	for _, name := range slices.Sorted(maps.Keys(heads)) {
		all = append(all, Branch{name, heads[name]})
	}
	return all, nil
}

// Head is the newest commit of a branch, as the repository says now.
func (b *Branches) Head(ctx context.Context, repo, branch string) (string, error) {
	heads, err := b.heads(ctx, repo, 0)
	if err == nil && heads[branch] == "" {
		err = fail(ErrNone, "branch %s: repository %s has no such branch", branch, repo)
	}
	return heads[branch], err
}

func (b *Branches) forget(repo string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.asked, repo)
}

// heads asks a repository, unless it said what it has within fresh.
func (b *Branches) heads(ctx context.Context, name string, fresh time.Duration) (map[string]string, error) {
	repo, ok := b.book.Repo(name)
	if !ok {
		return nil, fail(ErrNone, "repository %q: there is no such repository", name)
	}
	from := mirror.SourceOf(repo)
	begun := time.Now()
	b.mu.Lock()
	if b.asking[name] == nil {
		b.asking[name] = &sync.Mutex{}
	}
	one := b.asking[name]
	b.mu.Unlock()
	one.Lock() // one git a repository, whose answer is for all who wait
	defer one.Unlock()
	b.mu.Lock()
	last := b.asked[name]
	b.mu.Unlock()
	if last != nil && last.from == from && (last.at.After(begun) || begun.Sub(last.at) < fresh) {
		return last.heads, nil
	}
	select {
	case b.running <- struct{}{}:
		defer func() { <-b.running }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	at := time.Now()
	heads, err := b.folder.Heads(ctx, from)
	if err != nil {
		return nil, fail(ErrRepository, "%s", strings.Join(strings.Fields(err.Error()), " "))
	}
	b.mu.Lock()
	b.asked[name] = &answer{from, at, heads}
	b.mu.Unlock()
	return heads, nil
}
