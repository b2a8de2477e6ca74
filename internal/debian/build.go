package debian

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"rundock/internal/checkout"
)

// scripts are dpkg's scripts that a package may have.
var scripts = []string{"preinst", "postinst", "prerm", "postrm"}

// Build writes the package p for arch, with the programs in the folder bin, into the
// folder to by dpkg-deb, and returns its path.
func Build(s Source, p Package, arch, bin, to string) (string, error) {
	files, err := s.files(p, arch, bin)
	if err != nil {
		return "", err
	}
	own := []file{
		{"DEBIAN/control", 0o644, []byte(s.control(p, arch, files))},
		{"DEBIAN/md5sums", 0o644, []byte(sums(files))},
	}
	if list := conffiles(files); list != "" {
		own = append(own, file{"DEBIAN/conffiles", 0o644, []byte(list)})
	}
	for _, name := range scripts {
		if data, err := packagedFiles.ReadFile("files/" + p.Name + "/control/" + name); err == nil {
			own = append(own, file{"DEBIAN/" + name, 0o755, data})
		}
	}
	tree, err := os.MkdirTemp("", "rundock-deb-")
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", p.Name, err)
	}
	defer os.RemoveAll(tree)
	if err := s.lay(tree, append(own, files...)); err != nil {
		return "", fmt.Errorf("pack %s: %w", p.Name, err)
	}
	deb := filepath.Join(to, fmt.Sprintf("%s_%s_%s.deb", p.Name, s.version(), arch))
	// gzip: xz makes other bytes with another number of processors.
	_, err = checkout.Command(s.Root, []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(s.Time.Unix(), 10)},
		"dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", tree, deb)
	return deb, err
}

// lay writes files below the folder tree, all of them as old as the commit.
func (s Source) lay(tree string, files []file) error {
	for _, f := range files {
		path := filepath.Join(tree, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		if err := os.Chmod(path, f.mode); err != nil { // whatever the umask
			return err
		}
	}
	return filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		if err != nil {
			return err
		}
		return os.Chtimes(path, s.Time, s.Time)
	})
}

// Licences returns the notices of each package.
func Licences(root string) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, p := range Packages {
		notices, err := checkout.Notices(root, "The programs of this package are", "grpcnotrace", p.Sources...)
		if err != nil {
			return nil, err
		}
		all[p.Name] = notices
	}
	return all, nil
}
