// The join on Go's net/http, with the standard library alone.
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const lifetime = 300

var base64url = base64.RawURLEncoding
var tokenHead = base64url.EncodeToString([]byte(`{"alg":"HS256","kid":"k1","typ":"JWT"}`))

type bucket struct {
	tokens float64
	at     time.Time
}

type tokenBuckets struct {
	lock        sync.Mutex
	buckets     map[string]*bucket
	rate, burst float64
}

func (t *tokenBuckets) take(address string) bool {
	now := time.Now()
	t.lock.Lock()
	defer t.lock.Unlock()
	one := t.buckets[address]
	if one == nil {
		one = &bucket{t.burst, now}
		t.buckets[address] = one
	}
	one.tokens += now.Sub(one.at).Seconds() * t.rate
	if one.tokens > t.burst {
		one.tokens = t.burst
	}
	one.at = now
	if one.tokens < 1 {
		return false
	}
	one.tokens--
	return true
}

type claims struct {
	Sub  string  `json:"sub"`
	Name string  `json:"name"`
	Exp  float64 `json:"exp"`
}

type ticket struct {
	Iss  string `json:"iss"`
	Aud  string `json:"aud"`
	Sub  string `json:"sub"`
	Room string `json:"room"`
	Role string `json:"role"`
	Name string `json:"name"`
	Iat  int64  `json:"iat"`
	Nbf  int64  `json:"nbf"`
	Exp  int64  `json:"exp"`
	Jti  string `json:"jti"`
}

type embed struct {
	Mode   string `json:"mode"`
	Allow  string `json:"allow"`
	Origin string `json:"origin"`
}

type answer struct {
	VideoCallURL string `json:"videoCallUrl"`
	RoomID       string `json:"roomId"`
	UserName     string `json:"userName"`
	Role         string `json:"role"`
	Provider     string `json:"provider"`
	ExpiresAt    string `json:"expiresAt"`
	RefreshAfter string `json:"refreshAfter"`
	ServerTime   string `json:"serverTime"`
	Embed        embed  `json:"embed"`
}

type door struct {
	session, token []byte
	bookings       map[string]map[string]string
	limiter        tokenBuckets
}

func mac(secret []byte, input string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(input))
	return h.Sum(nil)
}

func (d *door) verified(token string) *claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	signature, err := base64url.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, mac(d.session, parts[0]+"."+parts[1])) {
		return nil
	}
	var header struct {
		Alg string `json:"alg"`
	}
	var caller claims
	for i, into := range []any{&header, &caller} {
		text, err := base64url.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return nil
		}
	}
	if header.Alg != "HS256" || caller.Sub == "" || caller.Exp <= float64(time.Now().Unix()) {
		return nil
	}
	return &caller
}

func isRoom(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._~:@-", c) >= 0) {
			return false
		}
	}
	return true
}

func isName(name string) bool {
	return utf8.ValidString(name) && utf8.RuneCountInString(name) <= 64 && strings.IndexFunc(name, func(c rune) bool {
		return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
	}) < 0
}

func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&15 | 64
	b[8] = b[8]&63 | 128
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "detail": detail})
}

func (d *door) join(role string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		forwarded := r.Header.Get("X-Forwarded-For")
		if !d.limiter.take(strings.TrimSpace(forwarded[strings.LastIndexByte(forwarded, ',')+1:])) {
			refuse(w, http.StatusTooManyRequests, "too many requests")
			return
		}
		query := r.URL.Query()
		room, name := query.Get("roomId"), strings.TrimSpace(query.Get("userName"))
		if len(query["roomId"]) != 1 || !isRoom(room) || !isName(name) {
			refuse(w, http.StatusBadRequest, "parameters")
			return
		}
		bearer := r.Header.Get("Authorization")
		var caller *claims
		if strings.HasPrefix(bearer, "Bearer ") {
			caller = d.verified(bearer[7:])
		}
		if caller == nil {
			refuse(w, http.StatusUnauthorized, "session")
			return
		}
		seats, ok := d.bookings[room]
		if !ok {
			refuse(w, http.StatusNotFound, "no such room")
			return
		}
		if seats[caller.Sub] != role {
			refuse(w, http.StatusForbidden, "not your room")
			return
		}
		if name == "" {
			name = caller.Name
		}
		now := time.Now().UTC()
		body, _ := json.Marshal(ticket{
			"https://video.example.com", "https://video.example.org", caller.Sub, room, role, name,
			now.Unix(), now.Unix() - 5, now.Unix() + lifetime, uuid(),
		})
		input := tokenHead + "." + base64url.EncodeToString(body)
		signed := input + "." + base64url.EncodeToString(mac(d.token, input))
		text, _ := json.Marshal(answer{
			"https://video.example.org/room/" + url.PathEscape(room) + "?token=" + signed, room, name, role, "own",
			now.Add(lifetime * time.Second).Format(time.RFC3339), now.Add((lifetime - 60) * time.Second).Format(time.RFC3339),
			now.Format(time.RFC3339),
			embed{"iframe", "camera; microphone; display-capture; autoplay; fullscreen", "https://video.example.org"},
		})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(text)
	}
}

func main() {
	number := func(name string) float64 {
		value, err := strconv.ParseFloat(os.Getenv(name), 64)
		if err != nil {
			log.Fatal(name, ": ", err)
		}
		return value
	}
	d := &door{session: []byte(os.Getenv("PEER_SESSION_SECRET")), token: []byte(os.Getenv("PEER_TOKEN_SECRET"))}
	d.limiter = tokenBuckets{buckets: map[string]*bucket{}, rate: number("PEER_LIMIT_RATE"), burst: number("PEER_LIMIT_BURST")}
	text, err := os.ReadFile(os.Getenv("PEER_BOOKINGS"))
	if err == nil {
		err = json.Unmarshal(text, &d.bookings)
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, role := range []string{"expert", "client"} {
		http.HandleFunc("/api/"+role+"/videocall/url", d.join(role))
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
