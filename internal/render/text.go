package render

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

func split(separator, s string) []string {
	if s = strings.TrimSpace(s); s == "" {
		return []string{}
	}
	return strings.Split(s, separator)
}

// splitToMap reads a:1,b:2 with splitToMap "," ":".
func splitToMap(between, within, s string) (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range split(between, s) {
		key, value, ok := strings.Cut(pair, within)
		if !ok {
			return nil, fmt.Errorf("splitToMap: no %q in %q", within, pair)
		}
		all[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return all, nil
}

func indent(spaces int, s string) (string, error) {
	if spaces < 0 {
		return "", errors.New("indent: want 0 or more spaces")
	}
	margin := strings.Repeat(" ", spaces)
	lines := strings.SplitAfter(s, "\n")
	for i, line := range lines {
		if strings.Trim(line, "\n") != "" {
			lines[i] = margin + line
		}
	}
	return strings.Join(lines, ""), nil
}

func regexMatch(pattern, s string) (bool, error) {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(s), err
}

func regexReplaceAll(pattern, with, s string) (string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	return re.ReplaceAllString(s, with), nil
}

// in says whether list, which may be a text or a map, has item, as an element,
// a part of the text, or a key.
func in(list, item any) (bool, error) {
	if list == nil {
		return false, nil
	}
	l := reflect.ValueOf(list)
	switch l.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range l.Len() {
			if same(l.Index(i).Interface(), item) {
				return true, nil
			}
		}
		return false, nil
	case reflect.Map:
		for _, key := range l.MapKeys() {
			if same(key.Interface(), item) {
				return true, nil
			}
		}
		return false, nil
	case reflect.String:
		part, ok := item.(string)
		if !ok {
			return false, fmt.Errorf("a %T in a text: want a text", item)
		}
		return strings.Contains(l.String(), part), nil
	}
	return false, fmt.Errorf("something in a %T: want a list, a map or a text", list)
}

// same compares as a reader of the template does: 80 is 80 whatever its type.
func same(a, b any) bool { return reflect.DeepEqual(a, b) || fmt.Sprint(a) == fmt.Sprint(b) }

func contains(item, list any) (bool, error) { return in(list, item) }

// howMany of wanted are in list.
func howMany(wanted []any, list any) (found int, err error) {
	for _, w := range wanted {
		ok, err := in(list, w)
		if err != nil {
			return 0, err
		}
		if ok {
			found++
		}
	}
	return found, nil
}

// containsSome returns a function that says whether as many of the wanted are
// in the list as enough wants. wanted is any list.
func containsSome(enough func(found, all int) bool) func(wanted, list any) (bool, error) {
	return func(wanted, list any) (bool, error) {
		w := reflect.ValueOf(wanted)
		if w.Kind() != reflect.Slice && w.Kind() != reflect.Array {
			return false, fmt.Errorf("a %T is looked for: want a list", wanted)
		}
		var items []any
		for i := range w.Len() {
			items = append(items, w.Index(i).Interface())
		}
		found, err := howMany(items, list)
		return err == nil && enough(found, len(items)), err
	}
}

func encode64(e *base64.Encoding) func(string) string {
	return func(s string) string { return e.EncodeToString([]byte(s)) }
}

func decode64(e *base64.Encoding) func(string) (string, error) {
	return func(s string) (string, error) {
		data, err := e.DecodeString(s)
		return string(data), err
	}
}

func md5sum(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256Hex(message, key string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return hex.EncodeToString(h.Sum(nil))
}
