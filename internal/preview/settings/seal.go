package settings

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// KeyBytes is the length of the site's key, which only hosts that build have.
const KeyBytes = 32

// kem, kdf and aead are RFC 9180's DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
var (
	kem  = hpke.DHKEM(ecdh.X25519())
	kdf  = hpke.HKDFSHA256()
	aead = hpke.AES256GCM()
)

// Public is the half of the site's key that seals values and opens none: all that a page needs.
type Public struct{ key hpke.PublicKey }

// PublicOf is the public half of the site's key.
func PublicOf(key []byte) (Public, error) {
	private, err := privateOf(key)
	if err != nil {
		return Public{}, err
	}
	return Public{private.PublicKey()}, nil
}

// ParsePublic is the inverse of String; space around it is left out.
func ParsePublic(text string) (Public, error) {
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return Public{}, errors.New("public key of settings: it is not base64")
	}
	key, err := kem.NewPublicKey(data)
	if err != nil {
		return Public{}, fmt.Errorf("public key of settings: %w", err)
	}
	return Public{key}, nil
}

// String is p in base64.
func (p Public) String() string { return base64.StdEncoding.EncodeToString(p.key.Bytes()) }

func privateOf(key []byte) (hpke.PrivateKey, error) {
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("the site's key has %d bytes, want %d", len(key), KeyBytes)
	}
	return kem.DeriveKeyPair(key)
}

// seal encrypts a value, so that it opens under the same scope and name alone. Each call gives other bytes.
func (p Public) seal(scope Scope, name, value string) ([]byte, error) {
	if p.key == nil {
		return nil, errors.New("there is no public key to seal it with")
	}
	return hpke.Seal(p.key, kdf, aead, boundTo(scope, name), []byte(value))
}

// open is the inverse of seal. An error tells nothing of the value.
func open(key hpke.PrivateKey, scope Scope, name string, sealed []byte) (string, error) {
	value, err := hpke.Open(key, kdf, aead, boundTo(scope, name), sealed)
	if err != nil {
		return "", fmt.Errorf("setting %s of %s: it was sealed for another key, or changed", name, scope)
	}
	return string(value), nil
}

// boundTo is what a value is sealed for: a scope has no = in it.
func boundTo(scope Scope, name string) []byte {
	return []byte("rundock settings of previews: " + scope.String() + "=" + name)
}
