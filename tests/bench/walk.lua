-- wrk asks for the pages of a file in turn, as a browser does, and says at the end what came of it.
local paths = {}
local place = 0

function init(args)
  for path in io.lines(args[1]) do
    table.insert(paths, path)
  end
end

function request()
  place = place % #paths + 1
  return wrk.format("GET", paths[place], {["Accept-Encoding"] = "gzip"})
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "not_200": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
