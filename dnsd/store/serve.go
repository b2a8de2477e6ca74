package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rundock/internal/fstree"

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	quota      = 2 << 30 // bytes of the database, etcd's own default
	compaction = "1h"    // history kept; a watcher that was away longer lists again
	startLimit = time.Minute
	window     = 1 << 20 // bytes that a client may be ahead of us
)

// An Origin is what a store without data is made of. Zero: a store that is alone.
type Origin struct {
	Begin string // token of the cluster that it begins
	Join  string // members of the cluster that it joins, name=URL,...
}

// Serve runs etcd in this process until ctx is done. Errors name the folder.
func Serve(ctx context.Context, c Config, from Origin) error {
	// Standard error is a pipe to the dnsd that started us, which may go.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	if err := c.Check(); err != nil {
		return err
	}
	if err := lock(c.Dir); err != nil {
		return err
	}
	if err := checkVersion(c.Dir); err != nil {
		return err
	}
	cfg, err := c.etcd()
	if err != nil {
		return err
	}
	if len(c.Peers) > 0 && !hasData(c.Dir) {
		switch {
		case from.Join != "":
			cfg.InitialCluster, cfg.ClusterState = from.Join, embed.ClusterStateFlagExisting
			// By the URL at which the cluster has its place, of those that it listens on.
			cfg.AdvertisePeerUrls = slices.DeleteFunc(cfg.AdvertisePeerUrls, func(u url.URL) bool {
				return !slices.Contains(strings.Split(from.Join, ","), c.Name+"="+u.String())
			})
		case from.Begin != "":
			cfg.InitialClusterToken = from.Begin
		default:
			return fmt.Errorf("store folder %s: it has no data, and neither begins a cluster nor joins one", c.Dir)
		}
	}
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return fmt.Errorf("store folder %s: start etcd: %w", c.Dir, err)
	}
	// Not Close, which waits 7 s for watchers, who never leave by themselves.
	defer etcd.Server.Stop()
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return fmt.Errorf("store folder %s: start etcd: %w", c.Dir, err)
	case <-etcd.Server.StopNotify():
		return fmt.Errorf("store folder %s: etcd stopped by itself, see etcd.log there", c.Dir)
	case <-time.After(startLimit):
		return fmt.Errorf("store folder %s: etcd is not ready after %s, see etcd.log there", c.Dir, startLimit)
	case <-ctx.Done():
		return nil
	}
	err = errors.Join(writeVersion(c.Dir), writeMember(c.Dir, uint64(etcd.Server.Cluster().ID()), uint64(etcd.Server.MemberID())), hasBegun(c.Dir))
	if err != nil {
		return fmt.Errorf("store folder %s: %w", c.Dir, err)
	}
	select {
	case err := <-etcd.Err():
		return fmt.Errorf("store folder %s: etcd: %w", c.Dir, err)
	case <-etcd.Server.StopNotify():
		return fmt.Errorf("store folder %s: etcd stopped by itself, see etcd.log there", c.Dir)
	case <-ctx.Done():
		return nil
	}
}

func (c Config) etcd() (*embed.Config, error) {
	cfg := embed.NewConfig()
	cfg.Dir = filepath.Join(c.Dir, "data")
	cfg.Name = "dnsd"
	cfg.ListenClientUrls = nil
	for _, s := range c.Listen {
		u, err := url.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("store: listen URL %q: %w", s, err)
		}
		cfg.ListenClientUrls = append(cfg.ListenClientUrls, *u)
	}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	// Nobody asks in JSON, and such requests come with the store's own certificate.
	cfg.EnableGRPCGateway = false
	// One member has no peers: nothing listens for them. The URL is only the
	// member's identity in the data.
	cfg.ListenPeerUrls = nil
	if len(c.Peers) > 0 {
		cfg.Name = c.Name
		for _, s := range c.Peers {
			u, err := url.Parse(s)
			if err != nil {
				return nil, fmt.Errorf("store: peer URL %q: %w", s, err)
			}
			cfg.ListenPeerUrls = append(cfg.ListenPeerUrls, *u)
		}
		cfg.AdvertisePeerUrls = slices.Clone(cfg.ListenPeerUrls)
		cfg.AdvertiseClientUrls = forOthers(cfg.ListenClientUrls)
	}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	if err := c.Certificates.secure(cfg); err != nil {
		return nil, err
	}
	// Windows that are large enough from the start: gRPC else finds out by a ping for
	// each request, and each host asks for little, but all the time.
	cfg.GRPCAdditionalServerOptions = []grpc.ServerOption{grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window)}
	cfg.QuotaBackendBytes = quota
	cfg.AutoCompactionMode = embed.CompactorModePeriodic
	cfg.AutoCompactionRetention = compaction
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger(c.Dir))
	return cfg, nil
}

// forOthers are the URLs that other hosts reach, all where none is.
func forOthers(all []url.URL) (reached []url.URL) {
	for _, u := range all {
		if ip, err := netip.ParseAddr(u.Hostname()); err != nil || !ip.IsLoopback() {
			reached = append(reached, u)
		}
	}
	if len(reached) == 0 {
		return all
	}
	return reached
}

// logger writes etcd's log to its file, and what it dies of to standard error.
func logger(dir string) *zap.Logger {
	conf := zap.NewProductionEncoderConfig()
	conf.EncodeTime = zapcore.ISO8601TimeEncoder
	file := zapcore.AddSync(&lumberjack.Logger{Filename: filepath.Join(dir, "etcd.log"), MaxSize: 10, MaxBackups: 2})
	return zap.New(zapcore.NewTee(
		zapcore.NewCore(zapcore.NewJSONEncoder(conf), file, zap.InfoLevel),
		zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"}), zapcore.Lock(os.Stderr), zap.DPanicLevel),
	))
}

// checkVersion refuses data of a newer etcd, which this one could misread.
func checkVersion(dir string) error {
	wrote, err := os.ReadFile(filepath.Join(dir, "version"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store folder %s: %w", dir, err)
	}
	theirs, err := minor(string(wrote))
	if err != nil {
		return fmt.Errorf("store folder %s: file version: %w", dir, err)
	}
	if ours, _ := minor(version.Version); theirs > ours {
		return fmt.Errorf("store folder %s: its data was written by etcd %s, newer than the %s in this dnsd", dir, strings.TrimSpace(string(wrote)), version.Version)
	}
	return nil
}

// minor makes the first two parts of a version comparable.
func minor(v string) (int, error) {
	parts := strings.SplitN(strings.TrimSpace(v), ".", 3)
	if len(parts) >= 2 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && minor < 1000 {
			return 1000*major + minor, nil
		}
	}
	return 0, fmt.Errorf("%.20q is not a version", v)
}

func writeVersion(dir string) error {
	return fstree.Replace(filepath.Join(dir, "version"), 0o600, []byte(version.Version+"\n"))
}
