package lab

import "rundock/internal/flock"

// lock takes the lock file path, calling waiting once if another program holds
// it. The kernel drops the lock with the program; the file stays.
func lock(path string, waiting func()) (unlock func(), err error) {
	f, err := flock.Open(path)
	if err != nil {
		return nil, err
	}
	taken, err := flock.TryLock(f)
	if err == nil && !taken {
		waiting()
		err = flock.Lock(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
