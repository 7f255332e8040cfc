package trust

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// certificate is one that the container is to trust.
type certificate struct {
	// As every tool writes it: lines of 64 characters.
	text []byte
	// Of its content, so that the same certificate always has the same one.
	name string
	// By it OpenSSL looks for the file.
	subjectHash string
}

var errCertificate = errors.New("this is no certificate in PEM")

const pemType = "CERTIFICATE"

func parseCertificate(data []byte) (certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemType {
		return certificate{}, errCertificate
	}
	subject, err := subjectOf(block.Bytes)
	if err != nil {
		return certificate{}, err
	}
	hash, err := subjectHash(subject)
	if err != nil {
		return certificate{}, err
	}
	return certificate{
		text:        pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: block.Bytes}),
		name:        fmt.Sprintf("%s%x", prefix, sha1(block.Bytes)),
		subjectHash: hash,
	}, nil
}

// Tags of DER (X.690, 8.1).
const (
	tagUTF8      = 12
	tagPrintable = 19
	tagT61       = 20
	tagIA5       = 22
	tagVisible   = 26
	tagUniversal = 28
	tagBMP       = 30
	tagSequence  = 0x30
	tagSet       = 0x31
	tagVersion   = 0xa0
	longForm     = 0x80
)

// element takes the first element apart from what follows it.
func element(der []byte) (tag byte, content, rest []byte, err error) {
	if len(der) < 2 {
		return 0, nil, nil, errCertificate
	}
	tag, length, at := der[0], int(der[1]), 2
	if length >= longForm {
		count := length - longForm
		if count == 0 || count > 3 || len(der) < at+count {
			return 0, nil, nil, errCertificate
		}
		length = 0
		for _, b := range der[at : at+count] {
			length = length<<8 | int(b)
		}
		at += count
	}
	if length > len(der)-at {
		return 0, nil, nil, errCertificate
	}
	return tag, der[at : at+length], der[at+length:], nil
}

// expect is element for one that must have a tag.
func expect(wanted byte, der []byte) (content, rest []byte, err error) {
	tag, content, rest, err := element(der)
	if err == nil && tag != wanted {
		err = errCertificate
	}
	return content, rest, err
}

func encode(tag byte, content []byte) []byte {
	encoded := []byte{tag}
	switch length := len(content); {
	case length < longForm:
		encoded = append(encoded, byte(length))
	case length < 1<<8:
		encoded = append(encoded, longForm+1, byte(length))
	case length < 1<<16:
		encoded = append(encoded, longForm+2, byte(length>>8), byte(length))
	default:
		encoded = append(encoded, longForm+3, byte(length>>16), byte(length>>8), byte(length))
	}
	return append(encoded, content...)
}

// subjectOf gives the content of a certificate's subject (RFC 5280, 4.1): it is in the first part, behind a version that may
// be missing, serial number, algorithm, issuer and validity.
func subjectOf(der []byte) ([]byte, error) {
	whole, _, err := expect(tagSequence, der)
	if err != nil {
		return nil, err
	}
	rest, _, err := expect(tagSequence, whole)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 && rest[0] == tagVersion {
		if _, _, rest, err = element(rest); err != nil {
			return nil, err
		}
	}
	for range 4 {
		if _, _, rest, err = element(rest); err != nil {
			return nil, err
		}
	}
	subject, _, err := expect(tagSequence, rest)
	return subject, err
}

// subjectHash is what `openssl x509 -subject_hash` prints: the first four bytes of the SHA-1 of the name in OpenSSL's
// canonical form, which has all text in UTF-8 and lower case, without superfluous spaces, and lacks the outermost header.
func subjectHash(name []byte) (string, error) {
	var canonical []byte
	for len(name) > 0 {
		set, rest, err := expect(tagSet, name)
		if err != nil {
			return "", err
		}
		name = rest
		var attributes [][]byte
		for len(set) > 0 {
			var attribute []byte
			if attribute, set, err = expect(tagSequence, set); err != nil {
				return "", err
			}
			if attribute, err = canonicalAttribute(attribute); err != nil {
				return "", err
			}
			attributes = append(attributes, attribute)
		}
		slices.SortFunc(attributes, bytes.Compare) // as DER has a set
		canonical = append(canonical, encode(tagSet, bytes.Join(attributes, nil))...)
	}
	sum := sha1(canonical)
	return fmt.Sprintf("%08x", binary.LittleEndian.Uint32(sum[:])), nil
}

func canonicalAttribute(attribute []byte) ([]byte, error) {
	_, _, value, err := element(attribute)
	if err != nil {
		return nil, err
	}
	kind := attribute[:len(attribute)-len(value)]
	tag, content, _, err := element(value)
	if err != nil {
		return nil, err
	}
	if text, isText := utf8Of(tag, content); isText {
		value = encode(tagUTF8, canonicalText(text))
	}
	return encode(tagSequence, append(slices.Clone(kind), value...)), nil
}

// utf8Of gives the text of the kinds of strings that OpenSSL makes canonical.
func utf8Of(tag byte, content []byte) ([]byte, bool) {
	width := 0
	switch tag {
	case tagUTF8:
		return content, true
	case tagPrintable, tagT61, tagIA5, tagVisible:
		width = 1
	case tagBMP:
		width = 2
	case tagUniversal:
		width = 4
	default:
		return nil, false
	}
	var text []byte
	for ; len(content) >= width; content = content[width:] {
		var character rune
		for _, b := range content[:width] {
			character = character<<8 | rune(b)
		}
		text = utf8.AppendRune(text, character)
	}
	return text, true
}

const spaces = " \t\n\v\f\r"

func canonicalText(text []byte) []byte {
	var canonical []byte
	for _, b := range bytes.Trim(text, spaces) {
		switch {
		case bytes.IndexByte([]byte(spaces), b) >= 0:
			if canonical[len(canonical)-1] != ' ' {
				canonical = append(canonical, ' ')
			}
		case b >= 'A' && b <= 'Z':
			canonical = append(canonical, b+'a'-'A')
		default:
			canonical = append(canonical, b)
		}
	}
	return canonical
}
