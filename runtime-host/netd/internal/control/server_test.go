package control

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	networkBody = `{"name":"default","subnet4":"192.168.80.0/24","gateway4":"192.168.80.1","host4":"192.168.80.254","subnet6":"fd00:80::/64",
		"gateway6":"fd00:80::1","host6":"fd00:80::fffe","gatewayMac":"5a:94:ef:e4:0c:dd","mtu":65520,"resolvConf":"/nonexistent","hosts":"/nonexistent"}`
	memberBody = `{"name":"box","aliases":["b"],"mac":"5a:94:ef:00:00:02","address4":"192.168.80.2","address6":"fd00:80::2",
		"ports":[{"hostAddress":"","hostPort":0,"containerPort":80,"protocol":"tcp"}],"policy":{"mode":"open","allow":[]},"knows":[]}`
)

type client struct {
	*testing.T
	url string
}

func serve(t *testing.T) (client, *Server) {
	t.Helper()
	server := New("1.2.3", func() {})
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		web.Close()
		server.Close()
	})
	return client{t, web.URL}, server
}

// wants sends a request and checks the status and a part of the answer.
func (c client) wants(status int, part, method, path, body string) {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status || !strings.Contains(string(answer), part) {
		c.Fatalf("%s %s: %d %s, wanted %d %s", method, path, response.StatusCode, answer, status, part)
	}
}

func TestTheWholeAPI(t *testing.T) {
	c, _ := serve(t)
	c.wants(200, `"network":null,"members":[]`, "GET", "/v1/status", "")
	c.wants(409, `"NoNetwork"`, "PUT", "/v1/members/a", memberBody)
	c.wants(400, `"Invalid"`, "PUT", "/v1/network", strings.Replace(networkBody, "65520", "100", 1))
	c.wants(400, `"Invalid"`, "PUT", "/v1/network", "{")
	c.wants(204, "", "PUT", "/v1/network", networkBody)
	c.wants(204, "", "PUT", "/v1/network", networkBody)
	c.wants(200, `"gatewayMac":"5a:94:ef:e4:0c:dd","mtu":65520`, "GET", "/v1/status", "")
	c.wants(404, `"MemberUnknown"`, "GET", "/v1/members/a", "")
	c.wants(200, `"id":"a","linked":false`, "PUT", "/v1/members/a", memberBody)
	c.wants(200, `"containerPort":80`, "PUT", "/v1/members/a", memberBody)
	c.wants(409, `"AddressInUse"`, "PUT", "/v1/members/b", memberBody)
	c.wants(400, `"Invalid"`, "PUT", "/v1/members/a", strings.Replace(memberBody, `"open"`, `"opne"`, 1))
	c.wants(400, `"Invalid"`, "PUT", "/v1/members/a", strings.Replace(memberBody, "192.168.80.2", "192.168.81.2", 1))
	c.wants(409, `"NetworkDiffers"`, "PUT", "/v1/network", strings.Replace(networkBody, "65520", "1500", 1))
	c.wants(502, `"LinkFailed"`, "PUT", "/v1/members/a/link", `{"socket":"/nonexistent"}`)
	c.wants(404, `"MemberUnknown"`, "PUT", "/v1/members/x/link", `{"socket":"/nonexistent"}`)
	c.wants(204, "", "DELETE", "/v1/members/a", "")
	c.wants(204, "", "DELETE", "/v1/members/a", "")
	c.wants(204, "", "PUT", "/v1/network", strings.Replace(networkBody, "65520", "1500", 1))
	c.wants(404, "", "GET", "/v1/nothing", "")
}

func TestEventsBeginWithHello(t *testing.T) {
	c, server := serve(t)
	response, err := http.Get(c.url + "/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(response.Body).ReadBytes('\n')
	var event struct {
		Type string
		PID  int
	}
	if err != nil || json.Unmarshal(line, &event) != nil || event.Type != "hello" || event.PID == 0 {
		t.Fatalf("%s, %v", line, err)
	}
	if _, _, clients := server.Counts(); clients != 1 {
		t.Fatalf("%d clients", clients)
	}
	_ = response.Body.Close()
}

func TestStopIsAsked(t *testing.T) {
	stopped := make(chan struct{})
	server := New("1", func() { close(stopped) })
	for range 2 {
		recorder := httptest.NewRecorder()
		server.Handler().ServeHTTP(recorder, httptest.NewRequest("POST", "/v1/stop", nil))
		if recorder.Code != http.StatusNoContent {
			t.Fatal(recorder.Code)
		}
	}
	<-stopped
}

type counts struct{ members, linked, clients int }

func (c counts) Counts() (members, linked, clients int) { return c.members, c.linked, c.clients }

func TestUnusedEnds(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		counts counts
		after  time.Duration
		over   bool
	}{
		{counts{}, 29 * time.Second, false},
		{counts{}, 30 * time.Second, true},
		{counts{members: 1}, 59 * time.Second, false},
		{counts{members: 1}, 60 * time.Second, true},
		{counts{members: 1, linked: 1}, time.Hour, false},
		{counts{clients: 1}, time.Hour, false},
	} {
		if over := newUse(start).isOver(start.Add(test.after), test.counts); over != test.over {
			t.Errorf("%+v after %s: %t", test.counts, test.after, over)
		}
	}
}
