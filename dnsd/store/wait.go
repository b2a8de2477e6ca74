package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"rundock/internal/pause"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Wait returns once the store in c.Dir listens as c says, and takes part in its
// cluster: it answers as the majority knows it. So one member after the other can be
// started with other settings. The error says what is missing when ctx is done.
func Wait(ctx context.Context, c Config) error {
	for {
		err := c.inService(ctx)
		if err == nil {
			return nil
		}
		if pause.For(ctx, waitAgain); ctx.Err() != nil {
			return fmt.Errorf("store %s: %w: see etcd.log there, and the log of dnsd", c.Dir, err)
		}
	}
}

const (
	waitAgain  = 200 * time.Millisecond // between two looks
	waitAnswer = 3 * time.Second        // for an answer
)

// inService says what is still missing.
func (c Config) inService(ctx context.Context) error {
	pid, err := Running(c.Dir)
	if err != nil {
		return err
	}
	if pid == 0 {
		return errors.New("it is not running")
	}
	flag, err := flagsOf(pid)
	if err != nil {
		return err
	}
	for name, want := range map[string][]string{"listen": c.Listen, "peer": c.Peers} {
		if has := flag(name); has != strings.Join(want, ",") {
			return fmt.Errorf("it runs with --%s %s, and not yet with %s", name, has, strings.Join(want, ","))
		}
	}
	if has := flag("ca-sum"); flag("ca") != "" && has != sumOf(flag("ca")) {
		return fmt.Errorf("it does not know the authorities of %s yet", flag("ca"))
	}
	config, err := clientOf(pid)
	if err != nil {
		return err
	}
	client, err := clientv3.New(config)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, waitAnswer)
	defer cancel()
	_, err = client.Get(ctx, "rundock", clientv3.WithCountOnly())
	return err
}

// flagsOf returns what tells the flags that process pid was started with.
func flagsOf(pid int) (func(name string) string, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil, err
	}
	return func(name string) string {
		_, after, _ := strings.Cut(string(line), "\x00--"+name+"\x00")
		value, _, _ := strings.Cut(after, "\x00")
		return value
	}, nil
}

// clientOf is how to reach the store of process pid, by the flags that it was
// started with: with its own certificate, which may do everything there.
func clientOf(pid int) (config clientv3.Config, err error) {
	config = clientv3.Config{DialTimeout: 5 * time.Second, Logger: zap.NewNop()}
	flag, err := flagsOf(pid)
	if err != nil {
		return config, err
	}
	urls := strings.Split(flag("listen"), ",")
	if urls[0] == "" {
		return config, errors.New("it was not started with --listen")
	}
	url := urls[max(0, slices.IndexFunc(urls, isSecure))]
	config.Endpoints = []string{strings.NewReplacer("//0.0.0.0:", "//127.0.0.1:", "//[::]:", "//[::1]:").Replace(url)}
	if isSecure(url) {
		config.TLS, err = Certificates{CA: flag("ca"), Cert: flag("cert"), Key: flag("key")}.info().ClientConfig()
	}
	return config, err
}
