package trust

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	reference "crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func make509(t *testing.T, subject []byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), RawSubject: subject, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func named(t *testing.T, name pkix.Name) []byte {
	t.Helper()
	subject, err := asn1.Marshal(name.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return make509(t, subject)
}

// raw makes a subject of one attribute of any type, or of several in one set.
func raw(values ...asn1.RawValue) []byte {
	var set []byte
	for _, value := range values {
		encoded, err := asn1.Marshal(struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}{asn1.ObjectIdentifier{2, 5, 4, 3}, value})
		if err != nil {
			panic(err)
		}
		set = append(set, encoded...)
	}
	return encode(tagSequence, encode(tagSet, set))
}

func value(tag int, content string) asn1.RawValue {
	return asn1.RawValue{Tag: tag, Bytes: []byte(content)}
}

func TestSubjectHashIsOpenSSLs(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not here")
	}
	subjects := map[string][]byte{
		"usual":         named(t, pkix.Name{Country: []string{"DE"}, Organization: []string{"Müller  & Söhne\tGmbH"}, CommonName: "  Corporate ROOT Ca "}),
		"empty":         make509(t, encode(tagSequence, nil)),
		"empty value":   make509(t, raw(value(tagUTF8, ""))),
		"only spaces":   make509(t, raw(value(tagPrintable, "   "))),
		"T61":           make509(t, raw(value(tagT61, "R\xe9seau"))),
		"BMP":           make509(t, raw(value(tagBMP, "\x00A\x04\x16\x00 \x00 \x00b"))),
		"universal":     make509(t, raw(value(tagUniversal, "\x00\x00\x00A\x00\x01\xf6\x00"))),
		"visible":       make509(t, raw(value(tagVisible, "VISIBLE"))),
		"IA5":           make509(t, raw(value(tagIA5, "A@Example.Test"))),
		"numeric":       make509(t, raw(value(18, "123 45"))),
		"several":       make509(t, raw(value(tagUTF8, "a longer one"), value(tagPrintable, "B"), value(tagPrintable, "A"))),
		"a long one":    make509(t, raw(value(tagUTF8, strings.Repeat("Long ", 100)))),
		"one very long": make509(t, raw(value(tagUTF8, strings.Repeat("é", 40000)))),
	}
	for name, text := range subjects {
		command := exec.Command(openssl, "x509", "-noout", "-subject_hash", "-fingerprint", "-sha1")
		command.Stdin = bytes.NewReader(text)
		output, err := command.Output()
		if err != nil {
			t.Logf("%s: openssl does not take it: %v", name, err)
			continue
		}
		parsed, err := parseCertificate(append([]byte("Some words before it.\r\n"), bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...))
		if err != nil {
			t.Fatal(name, err)
		}
		hash, fingerprint, _ := strings.Cut(string(output), "\n")
		_, fingerprint, _ = strings.Cut(strings.TrimSpace(fingerprint), "=")
		if parsed.subjectHash != hash || parsed.name != prefix+strings.ToLower(strings.ReplaceAll(fingerprint, ":", "")) {
			t.Errorf("%s: %s %s, not %s", name, parsed.subjectHash, parsed.name, output)
		}
		if !bytes.Equal(parsed.text, text) {
			t.Errorf("%s: %s", name, parsed.text)
		}
	}
}

func TestSHA1(t *testing.T) {
	for length := range 200 {
		data := bytes.Repeat([]byte{byte(length)}, length)
		if sha1(data) != reference.Sum(data) {
			t.Fatal(length)
		}
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte{0x30, 0x82, 0x01, 0x00, 0x30, 0x80})
	f.Fuzz(func(_ *testing.T, der []byte) {
		if subject, err := subjectOf(der); err == nil {
			_, _ = subjectHash(subject)
		}
	})
}

// fixture is an image's files.
func fixture(t *testing.T, files map[string]string) Store {
	t.Helper()
	root := t.TempDir()
	for path, content := range files {
		place := root + path
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, isLink := strings.CutPrefix(content, "-> "); isLink {
			err = os.Symlink(target, place)
		} else if strings.HasSuffix(path, "/") {
			err = os.MkdirAll(place, 0o755)
		} else {
			err = os.WriteFile(place, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Store{Prefix: root, Mark: "user.berth.certificates"}
}

func install(t *testing.T, s Store, certificates ...[]byte) {
	t.Helper()
	if err := s.Install(certificates); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store, path string) string {
	t.Helper()
	content, err := os.ReadFile(s.Prefix + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// listing is all files with their content, and links.
func listing(t *testing.T, s Store) string {
	t.Helper()
	output, err := exec.Command("sh", "-c", `cd "$1" && find . ! -type l -printf '%p %y %m %U\n' | sort && find . -type l -printf '%p %l\n' | sort && find . -type f | sort | xargs -r cat`, "sh", s.Prefix).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

const debianBundle = "/etc/ssl/certs/ca-certificates.crt"

func TestDebian(t *testing.T) {
	one, two := named(t, pkix.Name{CommonName: "Same"}), named(t, pkix.Name{CommonName: "Same"})
	image := string(named(t, pkix.Name{CommonName: "Image"}))
	s := fixture(t, map[string]string{debianBundle: image, "/etc/ssl/cert.pem": "-> certs/ca-certificates.crt", "/usr/local/share/": ""})
	if err := os.Chmod(s.Prefix+debianBundle, 0o640); err != nil {
		t.Fatal(err)
	}
	before := listing(t, s)
	install(t, s)
	if listing(t, s) != before {
		t.Error("without certificates something has changed")
	}
	install(t, s, one, two, one)
	if text := read(t, s, debianBundle); text != image+blockBegin+string(one)+string(two)+blockEnd {
		t.Error(text)
	}
	first, _ := parseCertificate(one)
	second, _ := parseCertificate(two)
	if target, _ := os.Readlink(s.Prefix + "/etc/ssl/certs/" + first.subjectHash + ".1"); target != second.linkName() {
		t.Error(target)
	}
	if target, _ := os.Readlink(s.Prefix + "/etc/ssl/certs/" + second.linkName()); target != localAnchors+"/"+second.fileName() {
		t.Error(target)
	}
	if read(t, s, localAnchors+"/"+first.fileName()) != string(one) {
		t.Error("no anchor")
	}
	both := listing(t, s)
	install(t, s, one, two)
	if listing(t, s) != both {
		t.Error("the second time something has changed")
	}
	install(t, s, two)
	if text := read(t, s, debianBundle); text != image+blockBegin+string(two)+blockEnd {
		t.Error(text)
	}
	if target, _ := os.Readlink(s.Prefix + "/etc/ssl/certs/" + first.subjectHash + ".0"); target != second.linkName() {
		t.Error(target)
	}
	install(t, s)
	if text := read(t, s, debianBundle); text != image {
		t.Error(text)
	}
	if err := os.Remove(s.Prefix + localAnchors); err != nil { // Empty, and the only thing left.
		t.Error(err)
	}
	if after := listing(t, s); after != before {
		t.Error(after)
	}
}

func TestABundleThatWasMadeAnew(t *testing.T) {
	one, two := named(t, pkix.Name{CommonName: "One"}), named(t, pkix.Name{CommonName: "Two"})
	s := fixture(t, map[string]string{debianBundle: "image", localAnchors + "/": ""})
	install(t, s, one)
	if text := read(t, s, debianBundle); text != "image\n"+blockBegin+string(one)+blockEnd {
		t.Error(text)
	}
	write := func(text string) {
		if err := os.WriteFile(s.Prefix+debianBundle, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("image\n" + string(one) + "more\n")
	install(t, s, one)
	if text := read(t, s, debianBundle); text != "image\n"+string(one)+"more\n" {
		t.Error(text)
	}
	install(t, s, two)
	if text := read(t, s, debianBundle); text != "image\nmore\n"+blockBegin+string(two)+blockEnd {
		t.Error(text)
	}
	write("image\n" + blockBegin + string(two) + blockEnd + "added by the user\n")
	install(t, s, one)
	if text := read(t, s, debianBundle); text != "image\nadded by the user\n"+blockBegin+string(one)+blockEnd {
		t.Error(text)
	}
	write("image\n" + blockBegin + string(one)[:40])
	install(t, s, one)
	if text := read(t, s, debianBundle); text != "image\n"+blockBegin+string(one)+blockEnd {
		t.Error(text)
	}
}

func TestFedora(t *testing.T) {
	const bundle, anchors = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/ca-trust/source/anchors"
	one := named(t, pkix.Name{CommonName: "One"})
	s := fixture(t, map[string]string{
		bundle: "image\n", anchors + "/": "", "/usr/local/share/": "",
		"/etc/pki/tls/certs/ca-bundle.crt": "-> ../../ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/certs":                   "-> ../pki/tls/certs",
	})
	if err := os.Chmod(s.Prefix+bundle, 0o444); err != nil {
		t.Fatal(err)
	}
	install(t, s, one)
	if text := read(t, s, bundle); text != "image\n"+blockBegin+string(one)+blockEnd {
		t.Error(text)
	}
	parsed, _ := parseCertificate(one)
	if read(t, s, anchors+"/"+parsed.fileName()) != string(one) || isDirectory(s.Prefix+localAnchors) {
		t.Error(listing(t, s))
	}
	if info, err := os.Stat(s.Prefix + bundle); err != nil || info.Mode() != 0o444 {
		t.Error(info.Mode(), err)
	}
}

func TestImagesWithoutAStoreOrWithSomethingOdd(t *testing.T) {
	one := named(t, pkix.Name{CommonName: "One"})
	s := fixture(t, map[string]string{"/etc/passwd": ""})
	before := listing(t, s)
	install(t, s, one)
	if _, err := unix.Getxattr(s.Prefix+"/", s.Mark, nil); err == nil || listing(t, s) != before {
		t.Error("an image without a store is not left alone")
	}
	parsed, _ := parseCertificate(one)
	s = fixture(t, map[string]string{
		debianBundle + "/x": "", localAnchors + "/" + parsed.fileName() + "/x": "", "/etc/ssl/cert.pem": "-> cert.pem",
		"/etc/ssl/certs/" + parsed.linkName() + "/x": "", "/etc/ssl/certs/" + parsed.subjectHash + ".0": "", "/etc/pki/": "",
	})
	for _, path := range []string{"/etc/ssl/ca-bundle.pem", localAnchors + "/berth-fifo.crt"} {
		if err := exec.Command("mkfifo", s.Prefix+path).Run(); err != nil {
			t.Fatal(err)
		}
	}
	install(t, s, one)
	if read(t, s, localAnchors+"/"+parsed.fileName()) != string(one) {
		t.Error(listing(t, s))
	}
	if target, _ := os.Readlink(s.Prefix + "/etc/ssl/certs/" + parsed.subjectHash + ".1"); target != parsed.linkName() {
		t.Error(listing(t, s))
	}
	if err := s.Install([][]byte{[]byte("no certificate")}); err == nil {
		t.Error("what is no certificate is taken")
	}
}
