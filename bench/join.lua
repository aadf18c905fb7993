-- wrk's side of bench/join.mjs: joins of many people for many rooms from many addresses, on keep-alive connections.
-- JOIN_REQUESTS names a file with one request a line: room, session token, client address. Prints one line of JSON.

-- Visits all requests in an order without pattern: a stride that shares no factor with their number.
local requests = {}
local at = 0
local stride = 1

local function gcd(a, b)
  while b > 0 do a, b = b, a % b end
  return a
end

function init()
  local file = assert(io.open(os.getenv("JOIN_REQUESTS"), "r"))
  for line in file:lines() do
    local room, token, address = line:match("^(%S+) (%S+) (%S+)$")
    requests[#requests + 1] = wrk.format("GET", "/api/expert/videocall/url?roomId=" .. room .. "&userName=Expert", {
      ["Host"] = wrk.headers["Host"] or "127.0.0.1",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
      ["Accept"] = "application/json",
      ["Accept-Language"] = "en-US,en;q=0.5",
      ["Accept-Encoding"] = "gzip, deflate, br",
      ["Authorization"] = "Bearer " .. token,
      ["X-Forwarded-For"] = address,
      ["X-Forwarded-Proto"] = "https",
      ["Sec-Fetch-Dest"] = "empty",
      ["Sec-Fetch-Mode"] = "cors",
      ["Sec-Fetch-Site"] = "same-origin",
    })
  end
  file:close()
  stride = math.floor(#requests * 0.618)
  while gcd(stride, #requests) > 1 do stride = stride + 1 end
end

function request()
  at = (at + stride) % #requests
  return requests[at + 1]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%d,"bad_status":%d,"broken":%d,"timeouts":%d,' ..
    '"p50":%.1f,"p90":%.1f,"p99":%.1f,"max":%.1f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
