package hosts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"syscall"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
)

// stampsPath remembers the hashes of programs: reading them takes a quarter of
// a second, each time.
const stampsPath = hostconfig.ProgramHashes

// stamp is a file that was hashed. A file of which nothing here has changed has
// the same content: ctime is set by nobody but the kernel.
type stamp struct {
	Hash  string `json:"sha256"`
	Inode uint64 `json:"inode"`
	Size  int64  `json:"size"`
	CTime int64  `json:"ctime"`
}

// lookPrograms returns the hash of each program; "" where there is none.
func lookPrograms(want []Program) (map[string]string, error) {
	hashes := map[string]string{}
	known := readStamps()
	for _, p := range want {
		now, err := stampOf(ProgramDir + p.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		now.Hash = known[p.Name].Hash
		if now != known[p.Name] {
			if now.Hash, err = fileHash(ProgramDir + p.Name); err != nil {
				return nil, err
			}
		}
		hashes[p.Name] = now.Hash
	}
	return hashes, nil
}

func readStamps() map[string]stamp {
	stamps := map[string]stamp{}
	if data, err := os.ReadFile(stampsPath); err == nil && json.Unmarshal(data, &stamps) != nil {
		return map[string]stamp{}
	}
	return stamps
}

// remember writes down the hashes of the programs as they are. One that a call with
// programs does not want any more is forgotten: it may be taken away, and nobody misses it.
func remember(want []Program, hashes map[string]string) error {
	if len(want) == 0 {
		return nil
	}
	stamps := map[string]stamp{}
	for _, p := range want {
		s, err := stampOf(ProgramDir + p.Name)
		if err != nil {
			return err
		}
		s.Hash = hashes[p.Name]
		stamps[p.Name] = s
	}
	if maps.Equal(stamps, readStamps()) {
		return nil
	}
	data, err := json.Marshal(stamps)
	if err != nil {
		return err
	}
	return fstree.Publish(stampsPath, 0o600, data)
}

// stampOf is what is known of a file without reading it. A mode that lets
// nobody run it makes it another file.
func stampOf(path string) (s stamp, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s = stamp{Inode: stat.Ino, Size: stat.Size, CTime: stat.Ctim.Nano()}
	}
	return s, nil
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm() != programMode {
		return "of mode " + info.Mode().String(), nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
