package release

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// KeyBytes is the length of the site's key, which only hosts have.
const KeyBytes = 32

// Seal encrypts a secret of a stack by AES-256-GCM: a nonce, then what is sealed.
// Only under the same stack and name it can be opened. Each call gives other bytes.
func Seal(key []byte, stack, name string, value []byte) ([]byte, error) {
	sealer, err := gcm(key)
	if err != nil {
		return nil, fmt.Errorf("seal secret %s of %s: %w", name, stack, err)
	}
	nonce := make([]byte, sealer.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand ends the program first
	return sealer.Seal(nonce, nonce, value, []byte(stack+"/"+name)), nil
}

// Open is the inverse of Seal. An error tells nothing of the value.
func Open(key []byte, stack, name string, sealed []byte) ([]byte, error) {
	sealer, err := gcm(key)
	if err != nil {
		return nil, fmt.Errorf("open secret %s of %s: %w", name, stack, err)
	}
	nonce := min(len(sealed), sealer.NonceSize())
	if nonce == sealer.NonceSize() {
		if value, err := sealer.Open(nil, sealed[:nonce], sealed[nonce:], []byte(stack+"/"+name)); err == nil {
			return value, nil
		}
	}
	return nil, fmt.Errorf("open secret %s of %s: it was sealed by another key, or changed", name, stack)
}

// gcm is the cipher of a key that is made of the site's: that one digests secrets as
// well, in internal/stack/compose.
func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("the key has %d bytes, want %d", len(key), KeyBytes)
	}
	own, err := hkdf.Key(sha256.New, key, nil, "rundock seals secrets of stacks", KeyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
