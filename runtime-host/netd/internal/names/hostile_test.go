package names

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// raw sends bytes by TCP and gives the reply's header, or nothing when the server closes the connection.
func (w *world) raw(query []byte) []byte {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.tcp)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(frame(query)); err != nil {
		w.t.Fatal(err)
	}
	reply, err := readFrame(conn)
	if err != nil {
		return nil
	}
	return reply
}

func header(flags uint16, counts ...uint16) []byte {
	result := binary.BigEndian.AppendUint16([]byte{0x12, 0x34}, flags)
	for i := range 4 {
		count := uint16(0)
		if i < len(counts) {
			count = counts[i]
		}
		result = binary.BigEndian.AppendUint16(result, count)
	}
	return result
}

func TestNonsenseOfAGuest(t *testing.T) {
	w := newWorld(t, policy.Open)
	server := w.serve("127.0.0.1", records("a.example. 60 A 192.0.2.1"))
	question := append([]byte("\x01a\x07example\x00"), 0, 1, 0, 1)
	pack := func(change func(*dns.Msg)) []byte {
		query := new(dns.Msg).SetQuestion("a.example.", A)
		change(query)
		wire, err := query.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return wire
	}
	for what, c := range map[string]struct {
		query []byte
		rcode int
	}{
		"nothing":                   {nil, -1},
		"half a header":             {[]byte{1, 2, 3}, -1},
		"an answer":                 {append(header(0x8180, 1), question...), -1},
		"no question":               {header(0x100), dns.RcodeFormatError},
		"two questions":             {append(append(header(0x100, 2), question...), question...), dns.RcodeFormatError},
		"more questions than bytes": {append(header(0x100, 65535), question...), dns.RcodeFormatError},
		"a question cut short":      {append(header(0x100, 1), question[:5]...), dns.RcodeFormatError},
		"a pointer to itself":       {append(header(0x100, 1), 0xc0, 12, 0, 1, 0, 1), dns.RcodeFormatError},
		"pointers in a ring":        {append(header(0x100, 1), 0xc0, 14, 0xc0, 12, 0, 1, 0, 1), dns.RcodeFormatError},
		"a pointer to nowhere":      {append(header(0x100, 1), 0xff, 0xff, 0, 1, 0, 1), dns.RcodeFormatError},
		"a reserved label":          {append(header(0x100, 1), 0x80, 1, 0, 1, 0, 1), dns.RcodeFormatError},
		"records that are not":      {append(header(0x100, 1, 0, 0, 9), append(question, 1, 2, 3)...), dns.RcodeFormatError},
		"an update":                 {pack(func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }), dns.RcodeNotImplemented},
		"a notification":            {pack(func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }), dns.RcodeNotImplemented},
		"the class CH":              {pack(func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }), dns.RcodeRefused},
		"a zone":                    {pack(func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeAXFR }), dns.RcodeRefused},
		"a zone's changes":          {pack(func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeIXFR }), dns.RcodeRefused},
	} {
		reply := w.raw(c.query)
		switch {
		case reply == nil && c.rcode >= 0:
			t.Errorf("%s: no answer", what)
		case reply != nil && (c.rcode < 0 || int(reply[3]&0xf) != c.rcode || reply[0] != 0x12 && c.query[0] == 0x12):
			t.Errorf("%s: % x", what, reply[:headerSize])
		}
	}
	if asked := server.questions(); len(asked) != 0 {
		t.Errorf("passed on: %v", asked)
	}
	// Records that do not belong to a question are not passed on; what follows is ignored.
	extra := pack(func(q *dns.Msg) {
		record, _ := dns.NewRR("evil.example. 60 TXT smuggled")
		q.Answer, q.Ns, q.Extra = []dns.RR{record}, []dns.RR{record}, []dns.RR{record}
	})
	if reply := w.raw(append(extra, "trailing"...)); reply == nil || reply[3]&0xf != 0 {
		t.Errorf("% x", reply)
	}
}

// liar answers as UDP packets whatever lies makes of a right answer, and then, if honest, the right one.
func (w *world) liar(honest bool, lies ...func(right *dns.Msg) []byte) {
	w.serveOn("udp", "127.0.0.1", func(out dns.ResponseWriter, query *dns.Msg) {
		right := records("a.example. 60 A 192.0.2.1")("", query)
		for _, lie := range lies {
			_, _ = out.Write(lie(right.Copy()))
		}
		if honest {
			_ = out.WriteMsg(right)
		}
	})
}

func packed(message *dns.Msg) []byte {
	wire, err := message.Pack()
	if err != nil {
		panic(err)
	}
	return wire
}

var lies = map[string]func(right *dns.Msg) []byte{
	"another ID":    func(right *dns.Msg) []byte { right.Id++; return packed(right) },
	"another name":  func(right *dns.Msg) []byte { right.Question[0].Name = "b.example."; return packed(right) },
	"another type":  func(right *dns.Msg) []byte { right.Question[0].Qtype = AAAA; return packed(right) },
	"another class": func(right *dns.Msg) []byte { right.Question[0].Qclass = dns.ClassCHAOS; return packed(right) },
	"no question":   func(right *dns.Msg) []byte { right.Question = nil; return packed(right) },
	"two questions": func(right *dns.Msg) []byte {
		right.Question = append(right.Question, right.Question[0])
		return packed(right)
	},
	"a question":        func(right *dns.Msg) []byte { right.Response = false; return packed(right) },
	"a notification":    func(right *dns.Msg) []byte { right.Opcode = dns.OpcodeNotify; return packed(right) },
	"nothing":           func(right *dns.Msg) []byte { return nil },
	"half a header":     func(right *dns.Msg) []byte { return packed(right)[:7] },
	"half a question":   func(right *dns.Msg) []byte { return packed(right)[:15] },
	"a compressed loop": func(right *dns.Msg) []byte { return append(packed(right)[:12], 0xc0, 12, 0, 1, 0, 1) },
}

func TestAnswersThatDoNotMatchAreWaitedOut(t *testing.T) {
	w := newWorld(t, policy.Open)
	all := []func(*dns.Msg) []byte{}
	for _, lie := range lies {
		all = append(all, lie)
	}
	w.liar(true, all...)
	w.expect("a.example", A, "NOERROR 192.0.2.1")
}

func TestAServerThatNeverAnswersRightIsGivenUp(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.liar(false, lies["another ID"], lies["another name"])
	w.expect("a.example", A, "SERVFAIL")
	if w.member.Policy.NameOf(addr("192.0.2.1")) != "" {
		t.Error("a lie was learnt")
	}
}

func TestAnswersThatCannotBeReadAreFailures(t *testing.T) {
	for what, lie := range map[string]func(right *dns.Msg) []byte{
		"cut short":         func(right *dns.Msg) []byte { wire := packed(right); return wire[:len(wire)-2] },
		"a loop in records": func(right *dns.Msg) []byte { wire := packed(right); wire[27], wire[28] = 0xc0, 27; return wire },
	} {
		w := newWorld(t, policy.Open)
		w.liar(false, lie)
		if got := short(w.ask("a.example", A)); got != "SERVFAIL" {
			t.Errorf("%s: %s", what, got)
		}
	}
	// What is truncated may end anywhere.
	w := newWorld(t, policy.Open)
	w.liar(false, func(right *dns.Msg) []byte { right.Truncated = true; wire := packed(right); return wire[:len(wire)-2] })
	if reply := w.ask("a.example", A); !reply.Truncated || short(reply) != "NOERROR" {
		t.Error(reply)
	}
}

func TestConnectionsOfOneMemberAreBounded(t *testing.T) {
	w := newWorld(t, policy.None)
	conns := []net.Conn{}
	for range maxConnections {
		conn, err := net.Dial("tcp", w.tcp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	if reply := w.raw(packed(new(dns.Msg).SetQuestion("web.", A))); reply != nil {
		t.Error("one more was served")
	}
	// The others are served, many questions at once, and while half closed.
	for i := range uint16(50) {
		query := new(dns.Msg).SetQuestion("web.", A)
		query.Id = i
		if _, err := conns[0].Write(frame(packed(query))); err != nil {
			t.Fatal(err)
		}
	}
	if err := conns[0].(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	seen := map[uint16]bool{}
	for range 50 {
		reply, err := readFrame(conns[0])
		if err != nil {
			t.Fatal(err)
		}
		seen[binary.BigEndian.Uint16(reply)] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d answers", len(seen))
	}
	// One that ends makes room.
	if _, err := readFrame(conns[0]); err == nil {
		t.Error("the connection should have ended")
	}
	if reply := w.raw(packed(new(dns.Msg).SetQuestion("web.", A))); reply == nil {
		t.Error("there should be room again")
	}
}

func TestCloseEndsEverything(t *testing.T) {
	w := newWorld(t, policy.Open)
	asked := make(chan struct{}, 10)
	release := make(chan struct{})
	defer close(release)
	w.resolvConf("nameserver 127.0.0.1", "options timeout:30")
	w.serve("127.0.0.1", func(string, *dns.Msg) *dns.Msg { asked <- struct{}{}; <-release; return nil })
	conn, err := net.Dial("tcp", w.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(frame(packed(new(dns.Msg).SetQuestion("a.example.", A)))); err != nil {
		t.Fatal(err)
	}
	<-asked
	began := time.Now()
	w.server.Close()
	w.server.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.ServeListener(listener); err != nil {
		t.Error(err)
	}
	if _, err := listener.Accept(); err == nil {
		t.Error("what comes after the end is closed")
	}
}
